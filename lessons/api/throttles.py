"""A user's limit of API requests per minute, shared by all processes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from lessons.accounts.minute_counter import MinuteCounter, rest_of_minute
from lessons.accounts.network import network
from lessons.errors import TooMany
from lessons.models import User
from lessons.roles import Role

_counts = MinuteCounter(shared=True)


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
        raise TooMany("Too many requests within a minute. Please wait before you try again.", rest_of_minute())


def _of_network(request: Request, what: str) -> tuple[str, int]:
    return f"network {network(request._request)} {what}", settings.REQUESTS_A_MINUTE_UNSIGNED


def _of(user: User) -> tuple[str, int]:
    roles = {role for acting in user.access.acting.values() for role in acting.roles}
    system = roles == {Role.INTEGRATOR}
    return f"user {user.pk}", settings.REQUESTS_A_MINUTE_OF_SYSTEMS if system else settings.REQUESTS_A_MINUTE


class UserThrottle(BaseThrottle):
    """Limits by user, or, without a user, by network and view, so that one view's requests do not block another's."""

    def allow_request(self, request: Request, view: Any) -> bool:
        user = request.user
        key, limit = _of(user) if isinstance(user, User) else _of_network(request, type(view).__name__)
        return _counts.add(key, limit) <= limit

    def wait(self) -> float:
        return rest_of_minute()
