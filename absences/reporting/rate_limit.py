"""How much one user may report, by the claims of a verified token. Each process counts for itself, so that no store is
asked: a user who reaches several processes may report several times as much."""

from __future__ import annotations

import threading
from collections import defaultdict
from time import time
from typing import TYPE_CHECKING

from django.conf import settings

from lessons.accounts.minute_counter import MinuteCounter, rest_of_minute
from lessons.errors import TooMany
from lessons.roles import Role

if TYPE_CHECKING:
    from absences.reporting.tickets import Claims

DAY = 24 * 60 * 60
# How many lessons a user may report on in a day without a ticket: each gets a sheet, whether or not there is such a
# lesson. A large school has about 600 lessons a day.
LESSONS_A_DAY = 2000
REMEMBERED = 200_000  # lessons of all users together, in about 20 MB


class _Lessons:
    """The lessons that each user has reported on today without a ticket."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._day = self._remembered = 0
        self._lessons: dict[int, set[int]] = defaultdict(set)

    def spend(self, user: int, lesson_id: int) -> None:
        """Raises TooMany."""
        now = time()
        with self._lock:
            if now // DAY != self._day or self._remembered >= REMEMBERED:
                self._day, self._remembered, self._lessons = int(now // DAY), 0, defaultdict(set)
            lessons = self._lessons[user]
            if lesson_id in lessons:
                return
            if len(lessons) >= LESSONS_A_DAY:
                text = f"Reports on {LESSONS_A_DAY} lessons in a day are more than a school has."
                raise TooMany(text, DAY - now % DAY)
            lessons.add(lesson_id)
            self._remembered += 1


_requests, _lessons = MinuteCounter(shared=False), _Lessons()


def spend(claims: Claims, lesson_id: int, *, reads: bool) -> None:
    """Counts one request that reads or reports. Raises TooMany. Reading makes no sheet, so it does not count
    against the lessons of a day."""
    user, system = claims.by.user_id, claims.by.role == Role.INTEGRATOR
    limit = settings.REQUESTS_A_MINUTE_OF_SYSTEMS if system else settings.REQUESTS_A_MINUTE
    if _requests.add(str(user), limit) > limit:
        raise TooMany("Too many reports within a minute.", rest_of_minute())
    if claims.lesson_id is None and not reads:
        _lessons.spend(user, lesson_id)


def forget() -> None:
    _requests.forget()
    _lessons.forget()
