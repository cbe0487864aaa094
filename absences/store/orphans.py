"""Sheets whose school has no such lesson: looked up once, after 48 hours, and then moved aside."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from pymongo import UpdateOne

from absences.store import mongo, paging
from absences.store.documents import Orphan, Sheet
from absences.store.mongo import Query
from absences.store.scope import Scope
from absences.store.sheets import key_of

SHOWN = 100


def of_schools(schools: Collection[int]) -> list[Orphan]:
    """Returns the newest hundred orphans of these schools, newest first."""
    with mongo.answering():
        found = mongo.orphans().find({"school": {"$in": list(schools)}})
        return list(found.sort("created_at", -1).limit(SHOWN))


def count_of_schools(schools: Collection[int]) -> int:
    with mongo.answering():
        return mongo.orphans().count_documents({"school": {"$in": list(schools)}})


def _to_check(scope: Scope, now: datetime) -> Query:
    return scope.sheets | {"orphan_check_at": {"$lte": now}}


def count_to_check(scope: Scope, now: datetime) -> int:
    return paging.count(_to_check(scope, now), "orphan_check")


def to_check(scope: Scope, now: datetime) -> Iterator[list[Sheet]]:
    """Yields the sheets whose lesson has to be looked up, in pages. Pass each page to `keep` and `move_aside` before
    you ask for the next one: they take its sheets out of this set."""
    full = True
    while full:
        with mongo.answering(mongo.PATIENT):
            found = mongo.sheets().find(_to_check(scope, now)).hint("orphan_check")
            page = list(found.limit(paging.PAGE))
        full = len(page) == paging.PAGE
        yield page


def keep(sheets: Sequence[Sheet]) -> None:
    """Notes that these sheets have a lesson, so that they are not looked up again."""
    if sheets:
        checked = {"$unset": {"orphan_check_at": ""}}
        with mongo.answering(mongo.PATIENT):
            mongo.sheets().bulk_write([UpdateOne(key_of(sheet).filter, checked) for sheet in sheets], ordered=False)


def move_aside(sheets: Sequence[Sheet], now: datetime) -> int:
    """Moves the sheets, and returns how many. A sheet that got another report meanwhile is left for the next time."""
    moved = 0
    with mongo.answering(mongo.PATIENT):
        for sheet in sheets:
            key = key_of(sheet)
            # Another orphan of the same lesson may follow: neither overwrites the other.
            moved_id = f"{key} {sheet['created_at'].isoformat()}"
            orphan: Orphan = {**sheet, "_id": moved_id, "moved_at": now}
            mongo.orphans().replace_one({"_id": moved_id}, orphan, upsert=True)
            unchanged = {"state": sheet["state"], "rev": sheet["rev"], "late_rev": sheet["late_rev"]}
            moved += mongo.sheets().delete_one(key.filter | unchanged).deleted_count
    return moved
