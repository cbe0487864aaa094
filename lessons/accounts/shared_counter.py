"""Counters shared by all processes, each for a window of time, each counted in one atomic statement.

They are kept in a table, or in Redis if CACHE_URL names one. Django's database cache is unsuitable: it counts all its
rows at each write, deletes rows beyond 300, and loses concurrent counts.

Keys are hashed, so that no name or network address is stored. Raises StoreUnavailable if Redis does not answer.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from lessons.errors import StoreUnavailable
from lessons.models import Tally

log = logging.getLogger(__name__)


class Count(NamedTuple):
    """A count, and when it ends (seconds since 1970)."""

    hits: int
    ends_at: int


def add(*key: object, window: timedelta, now: datetime, hits: int = 1) -> Count:
    """Adds to a count, which starts again once its window is over, and returns it."""
    seconds, name = int(now.timestamp()), _hashed(key)
    ends_at = seconds + int(window.total_seconds())
    return _in_redis(name, hits, ends_at, seconds) if settings.CACHE_URL else _in_table(name, hits, ends_at, seconds)


def current(*key: object, now: datetime) -> Count:
    """Returns a count without adding to it; 0 if nothing was counted or its window is over."""
    name, seconds = _hashed(key), int(now.timestamp())
    if settings.CACHE_URL:
        with _redis():
            return Count(int(cache.get(name) or 0), int(cache.get(f"{name}:ends") or seconds))
    found = Tally.objects.filter(pk=name, ends_at__gt=seconds).values_list("hits", "ends_at").first()
    return Count(*found) if found else Count(0, seconds)


def renew(*key: object, window: timedelta, now: datetime, hits: int = 1) -> None:
    """Sets a count for a whole window from now."""
    name, seconds = _hashed(key), int(window.total_seconds())
    if settings.CACHE_URL:
        with _redis():
            cache.set(name, hits, seconds)
            cache.set(f"{name}:ends", int(now.timestamp()) + seconds, seconds)
    else:
        tally = Tally(key=name, hits=hits, ends_at=int(now.timestamp()) + seconds)
        fields = ["hits", "ends_at"]
        Tally.objects.bulk_create([tally], update_conflicts=True, unique_fields=["key"], update_fields=fields)


def forget(*key: object) -> None:
    name = _hashed(key)
    if settings.CACHE_URL:
        with _redis():
            cache.delete(name)
    else:
        Tally.objects.filter(pk=name).delete()


def _in_table(name: str, hits: int, ends_at: int, now: int) -> Count:
    table = Tally._meta.db_table
    over = f"{table}.ends_at <= %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (key, hits, ends_at) VALUES (%s, %s, %s) "  # noqa: S608  (names of our own)
            f"ON CONFLICT (key) DO UPDATE SET "
            f"hits = CASE WHEN {over} THEN excluded.hits ELSE {table}.hits + excluded.hits END, "
            f"ends_at = CASE WHEN {over} THEN excluded.ends_at ELSE {table}.ends_at END RETURNING hits, ends_at",
            [name, hits, ends_at, now, now],
        )
        return Count(*cursor.fetchone())


def _in_redis(name: str, hits: int, ends_at: int, now: int) -> Count:
    """Adds in Redis. The end is stored beside the count; if it was lost in between, the present window is as good."""
    with _redis():
        if cache.add(name, 0, ends_at - now):
            cache.set(f"{name}:ends", ends_at, ends_at - now)
        try:
            count = cache.incr(name, hits)
        except ValueError:  # it ended in between
            cache.set(name, hits, ends_at - now)
            return Count(hits, ends_at)
        # Django checks the key, then adds: a count that ended in between would stay for ever.
        if count == hits:
            cache.touch(name, ends_at - now)
        return Count(count, cache.get(f"{name}:ends") or ends_at)


@contextmanager
def _redis() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        log.error("Redis did not answer: %s", type(error).__name__)
        raise StoreUnavailable(_("The counts of sign-ins cannot be reached just now. Please try again.")) from error


def _hashed(key: tuple[object, ...]) -> str:
    return hashlib.sha256("\0".join(map(str, key)).encode()).hexdigest()
