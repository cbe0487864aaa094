"""Sets up the collections, validators and indexes of the document store. Safe to run again, and beside running servers.

The validator of sheets is made from the types in `documents.py`.
"""

from collections.abc import Mapping
from datetime import datetime
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

from pymongo import ASCENDING, IndexModel
from pymongo.errors import CollectionInvalid

from absences.store import mongo
from absences.store.documents import Sheet, StoredMark
from absences.store.mongo import Query
from absences.store.reports import LOG_LENGTH, MAX_NOTE
from lessons.codes import MAX_MINUTES_LATE

_BSON: Mapping[type, tuple[str, ...]] = {
    int: ("int", "long"),
    str: ("string",),
    bool: ("bool",),
    UUID: ("binData",),
    datetime: ("date",),
    NoneType: ("null",),
}


def _property(kind: Any) -> Query:
    """Returns the rule for a value of a Python type: a plain one, a union of plain ones, or a Literal."""
    if get_origin(kind) is Literal:
        return {"enum": list(get_args(kind))}
    return {"bsonType": [name for each in get_args(kind) or (kind,) for name in _BSON[each]]}


def _rules(document: Any, **limits: Query) -> Query:
    """Returns the rules for a TypedDict: each required field has to be there, with its type and its limits."""
    kinds, required = get_type_hints(document), sorted(document.__required_keys__)
    assert limits.keys() <= set(required), f"{document.__name__} does not have all of {sorted(limits)}"
    properties = {name: _property(kinds[name]) | limits.get(name, {}) for name in required}
    return {"bsonType": "object", "required": required, "properties": properties}


_MARKS: Query = {
    "bsonType": "object",
    "patternProperties": {
        "^s[1-9][0-9]*$": _rules(
            StoredMark,
            student={"minimum": 1},
            code={"minLength": 1, "maxLength": 2},
            minutes_late={"minimum": 0, "maximum": MAX_MINUTES_LATE},
            note={"maxLength": MAX_NOTE},
            device={"maxLength": 36},
            sequence={"minimum": 0},
        )
    },
    "additionalProperties": False,
}

SHEET = _rules(
    Sheet,
    _id={"pattern": "^[1-9][0-9]*:[1-9][0-9]*$"},
    school={"minimum": 1},
    lesson={"minimum": 1},
    rev={"minimum": 0},
    late_rev={"minimum": 0},
)
SHEET["properties"] |= {
    "absences": _MARKS,
    "late": _MARKS,
    "log": {"bsonType": "array", "maxItems": LOG_LENGTH},
}

CLOSING: Query = {"state": "closing"}
CLOSED: Query = {"state": "closed"}
LATE: Query = {"late_pending": True}

INDEXES = [
    IndexModel([("school", ASCENDING), ("lesson", ASCENDING)], name="shard_key"),
    # The work of the reconciler, each index as small as the work itself; it pages through them by `_id`.
    IndexModel([("_id", ASCENDING), ("closing_at", ASCENDING)], name="closing", partialFilterExpression=CLOSING),
    IndexModel([("_id", ASCENDING), ("late_rev", ASCENDING)], name="late", partialFilterExpression=LATE),
    IndexModel([("orphan_check_at", ASCENDING)], name="orphan_check", sparse=True),
    IndexModel([("compact_at", ASCENDING)], name="compact", sparse=True),
    IndexModel(
        [("school", ASCENDING), ("date", ASCENDING), ("group", ASCENDING)],
        name="statistics",
        partialFilterExpression=CLOSED,
    ),
]


# It finds the new entries, too.
DENIED_INDEXES = [IndexModel([("expires_at", ASCENDING)], name="expires", expireAfterSeconds=0)]


def set_up() -> None:
    """Makes what is missing, and updates what has changed. Raises StoreUnavailable."""
    with mongo.answering(mongo.PATIENT):
        _make("sheets", {"$jsonSchema": SHEET})
        _make("orphans", {})
        _make("denied", {})
        mongo.sheets().create_indexes(INDEXES)
        mongo.orphans().create_index([("school", ASCENDING), ("created_at", ASCENDING)])
        mongo.revocations().create_indexes(DENIED_INDEXES)


def _make(name: str, validator: Query) -> None:
    try:
        mongo.database().create_collection(name, validator=validator)
    except CollectionInvalid:  # it exists
        mongo.database().command("collMod", name, validator=validator)
