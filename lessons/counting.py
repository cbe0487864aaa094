"""Counting across processes, within a window of time, each count one atomic statement.

In a table by default, in Redis where CACHE_URL names one. Not in Django's cache in a table: that counts all its rows at
each write, forgets beyond 300, and loses counts that are added at the same time.

Keys are hashed, so that no name and no network address is kept.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from lessons.models import Tally


class Count(NamedTuple):
    """How often until now, and when that is forgotten (seconds since 1970)."""

    hits: int
    ends_at: int


def add(*key: object, window: timedelta, now: datetime, hits: int = 1) -> Count:
    """Adds to a count, which begins anew once its window is over."""
    seconds, name = int(now.timestamp()), _hashed(key)
    ends_at = seconds + int(window.total_seconds())
    return _in_redis(name, hits, ends_at, seconds) if settings.CACHE_URL else _in_table(name, hits, ends_at, seconds)


def present(*key: object, now: datetime) -> int:
    """The count, without adding to it."""
    name, seconds = _hashed(key), int(now.timestamp())
    if settings.CACHE_URL:
        return int(cache.get(name) or 0)
    return Tally.objects.filter(pk=name, ends_at__gt=seconds).values_list("hits", flat=True).first() or 0


def forget(*key: object) -> None:
    name = _hashed(key)
    if settings.CACHE_URL:
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
    """When it ends is kept beside it; where that was lost in between, the present window is as good."""
    if cache.add(name, 0, ends_at - now):
        cache.set(f"{name}:ends", ends_at, ends_at - now)
    try:
        return Count(cache.incr(name, hits), cache.get(f"{name}:ends") or ends_at)
    except ValueError:  # it ended in between
        cache.set(name, hits, ends_at - now)
        return Count(hits, ends_at)


def _hashed(key: tuple[object, ...]) -> str:
    return hashlib.sha256("\0".join(map(str, key)).encode()).hexdigest()
