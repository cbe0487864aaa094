"""A school's change feed: everything added to its record, numbered in the order of commits."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.db import connection

from lessons.models import Amendment, FeedCounter, Register, RejectedReport


def take_numbers(wanted: Mapping[int, int]) -> dict[int, Iterator[int]]:
    """Returns the next numbers of each school's feed, given how many per school. One statement per school.

    Call it inside a transaction: it locks the counter's row until the end, so that numbers are committed in order and
    none is ever missing. Pass schools in the order of their ids, so that transactions never deadlock.
    """
    return {school: _take(school, count) for school, count in wanted.items() if count}


class Change(NamedTuple):
    """One entry; `kind` is register, amendment, void or rejection."""

    kind: str
    row: Register | Amendment | RejectedReport


def last_number(school_id: int) -> int:
    """Returns the last number, or 0 if nothing was recorded yet."""
    return FeedCounter.objects.filter(pk=school_id).values_list("last_number", flat=True).first() or 0


def read(school_id: int, *, after: int, until: int, limit: int) -> list[Change]:
    """Returns the entries after a number, in order, at most `limit`.

    `until` is a `last_number` that was read before. Three tables are read one after another, and a commit in between
    must not make a client skip an entry of the first.
    """
    numbered = {"school": school_id, "feed_number__gt": after, "feed_number__lte": until}
    registers = Register.objects.filter(**numbered).select_related("school").prefetch_related("marks")
    found: list[Any] = [
        row
        for rows in (registers, Amendment.objects.filter(**numbered), RejectedReport.objects.filter(**numbered))
        for row in rows.order_by("feed_number")[:limit]
    ]
    first = sorted(found, key=lambda row: row.feed_number)[:limit]
    return [Change(_kind(row), row) for row in first]


def _kind(row: Register | Amendment | RejectedReport) -> str:
    if isinstance(row, Amendment):
        return "void" if row.kind == Amendment.Kind.VOID else "amendment"
    return "register" if isinstance(row, Register) else "rejection"


def _take(school: int, count: int) -> Iterator[int]:
    table, (key, last) = FeedCounter._meta.db_table, ("school_id", "last_number")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({key}, {last}) VALUES (%s, %s) "  # noqa: S608  (names of our own)
            f"ON CONFLICT ({key}) DO UPDATE SET {last} = {table}.{last} + excluded.{last} RETURNING {last}",
            [school, count],
        )
        [highest] = cursor.fetchone()
    return iter(range(highest - count + 1, highest + 1))
