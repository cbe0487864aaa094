"""Walks through sheets in pages, each found by an index and never by a scan, so that memory stays bounded."""

from collections.abc import Iterator
from datetime import datetime

from absences.store import mongo, schema
from absences.store.documents import Sheet
from absences.store.mongo import Query
from absences.store.scope import Scope

PAGE = 64


def closing(scope: Scope, until: datetime) -> Iterator[list[Sheet]]:
    """Yields the sheets whose completion began by then and is not finished."""
    return _pages(scope.sheets | schema.CLOSING | {"closing_at": {"$lte": until}}, "closing", PAGE)


def late(scope: Scope) -> Iterator[list[Sheet]]:
    """Yields the sheets with late reports that wait to be merged."""
    return _pages(scope.sheets | schema.LATE, "late", PAGE)


def closed(scope: Scope, size: int) -> Iterator[list[Sheet]]:
    """Yields the closed sheets, by `_id`."""
    return _pages(scope.sheets | schema.CLOSED, "_id_", size)


def closed_on_day(scope: Scope, size: int) -> Iterator[list[Sheet]]:
    """Yields the closed sheets of one school's day, by the index for statistics."""
    return _pages(scope.sheets | schema.CLOSED, "statistics", size)


def count_closing(scope: Scope) -> int:
    return count(scope.sheets | schema.CLOSING, "closing")


def count_late(scope: Scope) -> int:
    return count(scope.sheets | schema.LATE, "late")


def count(query: Query, index: str) -> int:
    with mongo.answering(mongo.PATIENT):
        return mongo.sheets().count_documents(query, hint=index)


def _pages(query: Query, index: str, size: int) -> Iterator[list[Sheet]]:
    """Yields each sheet at most once."""
    wanted, after = query.get("_id", {}), ""
    while True:
        with mongo.answering(mongo.PATIENT):
            # The index is named, because the planner would rather walk through every `_id`.
            found = mongo.sheets().find(query | {"_id": wanted | {"$gt": after}}).hint(index)
            page = list(found.sort("_id").limit(size))
        if not page:
            return
        yield page
        after = page[-1]["_id"]
