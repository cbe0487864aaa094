"""How much one user may ask of the API in a minute, across processes.

Each process counts for itself and tells the others in steps, so that reads do not become writes: at most a step a
process goes beyond the limit.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from time import time
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from lessons import counting
from lessons.access import Role
from lessons.models import User
from lessons.network import network

MINUTE = 60
STEPS = 20  # to a limit


class _Counts:
    """Of this process, within the present minute: key → what the others know, and what they do not know yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._counts: dict[str, list[int]] = {}

    def add(self, key: str, limit: int) -> int:
        """How many there were within the minute, as far as it is known here."""
        minute = int(time() // MINUTE)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            count = self._counts.setdefault(key, [0, 0])
            count[1] += 1
            if count[0] + count[1] > limit:
                return count[0] + count[1]
            untold = count[1] if count[1] >= max(1, limit // STEPS) else 0
            count[1] -= untold
            count[0] += untold
        if untold:
            told = counting.add("throttle", key, minute, window=timedelta(minutes=2), now=timezone.now(), hits=untold)
            with self._lock:
                count[0] = max(count[0], told.hits)
        return count[0] + count[1]


_counts = _Counts()


class UserThrottle(BaseThrottle):
    """By user, and by network where nobody is signed in."""

    def allow_request(self, request: Request, view: Any) -> bool:
        key, limit = self._whose(request)
        return _counts.add(key, limit) <= limit

    def wait(self) -> float:
        return MINUTE - time() % MINUTE

    def _whose(self, request: Request) -> tuple[str, int]:
        user = request.user
        if not isinstance(user, User):
            return f"network {network(request._request)}", settings.REQUESTS_A_MINUTE_UNSIGNED
        roles = {role for acting in user.access.acting.values() for role in acting.roles}
        limit = settings.REQUESTS_A_MINUTE_OF_SYSTEMS if roles == {Role.INTEGRATOR} else settings.REQUESTS_A_MINUTE
        return f"user {user.pk}", limit
