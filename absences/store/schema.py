"""Collections, validators and indexes of the document store. Safe to run again, and beside running servers."""

from pymongo import ASCENDING, IndexModel
from pymongo.errors import CollectionInvalid

from absences.store import mongo
from absences.store.mongo import Document

_MARK: Document = {
    "bsonType": "object",
    "required": ["student", "code", "report_id", "by", "by_name", "role", "at", "reported_at", "state"],
    "properties": {
        "student": {"bsonType": ["int", "long"], "minimum": 1},
        "code": {"bsonType": "string", "minLength": 1, "maxLength": 2},
        "minutes_late": {"bsonType": ["int", "long", "null"], "minimum": 0, "maximum": 600},
        "note": {"bsonType": "string", "maxLength": 500},
        "report_id": {"bsonType": "binData"},
        "device": {"bsonType": ["string", "null"], "maxLength": 36},
        "sequence": {"bsonType": ["int", "long", "null"], "minimum": 0},
        "by": {"bsonType": ["int", "long"]},
        "at": {"bsonType": "date"},
        "reported_at": {"bsonType": "date"},
        "state": {"enum": ["provisional", "late"]},
    },
}
_MARKS: Document = {
    "bsonType": "object",
    "patternProperties": {"^s[1-9][0-9]*$": _MARK},
    "additionalProperties": False,
}
_NUMBER: Document = {"bsonType": ["int", "long"], "minimum": 0}

SHEET: Document = {
    "bsonType": "object",
    "required": ["_id", "school", "lesson", "v", "state", "rev", "late_rev", "late_pending", "created_at"],
    "properties": {
        "_id": {"bsonType": "string", "pattern": "^[1-9][0-9]*:[1-9][0-9]*$"},
        "school": {"bsonType": ["int", "long"], "minimum": 1},
        "lesson": {"bsonType": ["int", "long"], "minimum": 1},
        "v": {"enum": [1]},
        "state": {"enum": ["open", "closing", "closed"]},
        "rev": _NUMBER,
        "late_rev": _NUMBER,
        "late_pending": {"bsonType": "bool"},
        "absences": _MARKS,
        "late": _MARKS,
        "log": {"bsonType": "array", "maxItems": 200},
    },
}

CLOSING: Document = {"state": "closing"}
CLOSED: Document = {"state": "closed"}
LATE: Document = {"late_pending": True}

INDEXES = [
    IndexModel([("school", ASCENDING), ("lesson", ASCENDING)], name="shard_key"),
    # What the reconciler has to do, each as small as the work itself; it pages through them by `_id`.
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


# By which new entries are found, too.
DENIED_INDEXES = [IndexModel([("expires_at", ASCENDING)], name="expires", expireAfterSeconds=0)]


def set_up() -> None:
    """Raises StoreUnavailable."""
    with mongo.answering(mongo.PATIENT):
        _make("sheets", {"$jsonSchema": SHEET})
        _make("orphans", {})
        _make("denied", {})
        mongo.sheets().create_indexes(INDEXES)
        mongo.orphans().create_index([("school", ASCENDING), ("created_at", ASCENDING)])
        mongo.denied().create_indexes(DENIED_INDEXES)


def _make(name: str, validator: Document) -> None:
    try:
        mongo.database().create_collection(name, validator=validator)
    except CollectionInvalid:  # it exists
        mongo.database().command("collMod", name, validator=validator)
