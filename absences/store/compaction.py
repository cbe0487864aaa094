"""Reduces closed sheets, 35 days after their completion, to what statistics need; the record keeps the rest."""

from datetime import datetime

from pymongo import UpdateOne

from absences.store import mongo, paging
from absences.store.documents import Reports
from absences.store.mongo import Query
from absences.store.scope import Scope
from absences.store.sheets import key_of

DROPPED = (*sorted(Reports.__optional_keys__), "compact_at")


def _old(now: datetime) -> Query:
    return {"compact_at": {"$lte": now}, "late_pending": False}


def count(scope: Scope, now: datetime) -> int:
    """Returns how many sheets may be compacted."""
    return paging.count(scope.sheets | _old(now), "compact")


def compact_page(scope: Scope, now: datetime) -> int:
    """Compacts a page of sheets, and returns how many: fewer than a page if there are no more. A late report that comes
    meanwhile keeps its sheet whole."""
    drop = {"$unset": dict.fromkeys(DROPPED, ""), "$set": {"compacted": True}}
    with mongo.answering(mongo.PATIENT):
        found = mongo.sheets().find(scope.sheets | _old(now), {"school": 1, "lesson": 1}).hint("compact")
        keys = [key_of(sheet) for sheet in found.limit(paging.PAGE)]
        if keys:
            mongo.sheets().bulk_write([UpdateOne(key.filter | _old(now), drop) for key in keys], ordered=False)
    return len(keys)
