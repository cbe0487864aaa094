"""Numbers of a school's change feed."""

from collections.abc import Iterator, Mapping

from django.db import connection

from lessons.models import FeedCounter


def take_numbers(wanted: Mapping[int, int]) -> dict[int, Iterator[int]]:
    """The next numbers of each school's feed, given school → how many. One statement a school.

    Call it inside a transaction: the counter's row stays locked until that ends, so that numbers are committed in their
    order and none is ever missing. Name schools in the order of their ids, so that transactions never deadlock.
    """
    return {school: _take(school, count) for school, count in wanted.items() if count}


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
