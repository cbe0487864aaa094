"""How much one user may report: by the claims of a verified token, counted by each process for itself, so that no store
is asked. Whoever uses several processes may report several times as much."""

from __future__ import annotations

import threading
from collections import defaultdict
from time import time
from typing import TYPE_CHECKING

from django.conf import settings

from lessons.errors import TooMany
from lessons.roles import Role

if TYPE_CHECKING:
    from absences.reporting.tickets import Claims

MINUTE, DAY = 60, 24 * 60 * 60
# Lessons that one may report on in a day without a ticket: a sheet is made for each, whether or not there is such a
# lesson. A large school has about 600 a day.
LESSONS_A_DAY = 2000
REMEMBERED = 200_000  # lessons of all users together, which are about 20 MB


class _Reports:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._minute = self._day = self._remembered = 0
        self._counts: dict[int, int] = defaultdict(int)
        self._lessons: dict[int, set[int]] = defaultdict(set)

    def spend(self, claims: Claims, lesson_id: int, *, reads: bool) -> None:
        """Raises TooMany. Reading makes no sheet, and spends no lesson."""
        now, user = time(), claims.by.user_id
        system = claims.by.role == Role.INTEGRATOR
        limit = settings.REQUESTS_A_MINUTE_OF_SYSTEMS if system else settings.REQUESTS_A_MINUTE
        with self._lock:
            if now // MINUTE != self._minute:
                self._minute, self._counts = int(now // MINUTE), defaultdict(int)
            self._counts[user] += 1
            if self._counts[user] > limit:
                raise TooMany("Too many reports within a minute.", MINUTE - now % MINUTE)
            if claims.lesson_id is None and not reads:
                self._spend_lesson(user, lesson_id, now)

    def _spend_lesson(self, user: int, lesson_id: int, now: float) -> None:
        if now // DAY != self._day or self._remembered >= REMEMBERED:
            self._day, self._remembered, self._lessons = int(now // DAY), 0, defaultdict(set)
        lessons = self._lessons[user]
        if lesson_id in lessons:
            return
        if len(lessons) >= LESSONS_A_DAY:
            raise TooMany(f"Reports on {LESSONS_A_DAY} lessons in a day are more than a school has.", DAY - now % DAY)
        lessons.add(lesson_id)
        self._remembered += 1


_reports = _Reports()
spend = _reports.spend
forget = _reports.forget
