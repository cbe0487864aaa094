"""The sheets of lessons: their keys, and what is read from them.

One document for a school's lesson, `_id` = "<school>:<lesson>". Every filter names school and lesson, the shard key.
Reports are written in `reports.py`; what completion does to a sheet is in `transitions.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from pymongo.command_cursor import CommandCursor

from absences.store import mongo
from absences.store.documents import Sheet, SheetState
from absences.store.mongo import Query

ATTEMPTS = 6  # how often a write is tried that another one may overtake
ORPHAN_AFTER = timedelta(hours=48)

OPEN: Query = {"state": "open"}


@dataclass(frozen=True, slots=True)
class Key:
    """A school's lesson. The school comes from a signed token or from SQL, never from a request."""

    school_id: int
    lesson_id: int

    @property
    def filter(self) -> Query:
        return {"_id": str(self), "school": self.school_id, "lesson": self.lesson_id}

    def __str__(self) -> str:
        return f"{self.school_id}:{self.lesson_id}"


class NewSheet(TypedDict):
    """The fields that the first write adds to those that its filter names."""

    v: Literal[1]
    created_at: datetime
    orphan_check_at: datetime
    late_rev: int
    late_pending: bool


def new_sheet(now: datetime) -> NewSheet:
    return {"v": 1, "created_at": now, "orphan_check_at": now + ORPHAN_AFTER, "late_rev": 0, "late_pending": False}


def key_of(sheet: Sheet) -> Key:
    return Key(sheet["school"], sheet["lesson"])


def read(key: Key) -> Sheet | None:
    """Returns the whole sheet, as a majority holds it; None if there is none."""
    with mongo.answering():
        return mongo.sheets().find_one(key.filter)


def reported(lessons: Iterable[tuple[int, int]]) -> set[int]:
    """Returns the ids of those lessons, given as (school, lesson), that have a sheet."""
    keys = [Key(school, lesson).filter for school, lesson in lessons]
    if not keys:
        return set()
    with mongo.answering():
        return {sheet["lesson"] for sheet in mongo.sheets().find({"$or": keys}, {"lesson": 1})}


def states(keys: Iterable[Key]) -> dict[int, SheetState]:
    """Returns the state of each sheet, by lesson; lessons without a sheet are left out."""
    query = {"_id": {"$in": [str(key) for key in keys]}}
    with mongo.answering(mongo.PATIENT):
        return {sheet["lesson"]: sheet["state"] for sheet in mongo.sheets().find(query, {"lesson": 1, "state": 1})}


def summed(stages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns the rows of an aggregation over closed sheets, which are found by the index `statistics`."""
    with mongo.answering(mongo.PATIENT):
        found: CommandCursor[Any] = mongo.sheets().aggregate(stages, hint="statistics")
        return list(found)
