"""A user's limit of API requests per minute, shared by all processes.

Each process counts by itself and reports to the others in steps, so that reads do not become writes. The limit can be
exceeded by at most one step per process.
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

from lessons.accounts import shared_counter
from lessons.accounts.network import network
from lessons.errors import StoreUnavailable, TooMany
from lessons.models import User
from lessons.roles import Role

MINUTE = 60
STEPS = 20  # to a limit


class _Counts:
    """This process's counts in the present minute: key → what the others know, and what they do not know yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._counts: dict[str, list[int]] = {}

    def add(self, key: str, limit: int) -> int:
        """Adds a request; returns the number within the minute, as far as this process knows it."""
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
            told = _tell(key, minute, untold)
            with self._lock:
                count[0] = max(count[0], told)
        return count[0] + count[1]


def _tell(key: str, minute: int, hits: int) -> int:
    """Adds to the shared count and returns it. If it is unavailable, each process uses its own count, so that reads go
    on."""
    try:
        window = timedelta(minutes=2)
        return shared_counter.add("throttle", key, minute, window=window, now=timezone.now(), hits=hits).hits
    except StoreUnavailable:
        return 0


_counts = _Counts()


def spend(user: User) -> None:
    """Counts a page that costs as much as an API request, against the same limit. Raises TooMany."""
    _spend(*_of(user))


def spend_family(family: str) -> None:
    """Counts a request with a valid refresh token. Raises TooMany."""
    _spend(f"family {family}", settings.REQUESTS_A_MINUTE)


def spend_unsigned(request: Request, what: str) -> None:
    """Counts an unauthenticated request by its network. Raises TooMany."""
    _spend(*_of_network(request, what))


def _spend(key: str, limit: int) -> None:
    if _counts.add(key, limit) > limit:
        raise TooMany("Too many requests within a minute. Please wait before you try again.", _rest_of_minute())


def _of_network(request: Request, what: str) -> tuple[str, int]:
    return f"network {network(request._request)} {what}", settings.REQUESTS_A_MINUTE_UNSIGNED


def _of(user: User) -> tuple[str, int]:
    roles = {role for acting in user.access.acting.values() for role in acting.roles}
    system = roles == {Role.INTEGRATOR}
    return f"user {user.pk}", settings.REQUESTS_A_MINUTE_OF_SYSTEMS if system else settings.REQUESTS_A_MINUTE


def _rest_of_minute() -> float:
    return MINUTE - time() % MINUTE


class UserThrottle(BaseThrottle):
    """Limits by user, or, without a user, by network and view, so that one view's requests do not block another's."""

    def allow_request(self, request: Request, view: Any) -> bool:
        user = request.user
        key, limit = _of(user) if isinstance(user, User) else _of_network(request, type(view).__name__)
        return _counts.add(key, limit) <= limit

    def wait(self) -> float:
        return _rest_of_minute()
