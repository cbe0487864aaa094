"""What completion does to a sheet: open → closing → closed, and what comes after.

C1 fences the sheet: from here its reports and its `rev` never change again, and new reports go to the late map.
C3 closes it, with what statistics need. L3 notes that late reports are merged, unless another one has come meanwhile.
P projects an amendment, guarded by a rising `register_rev`.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from django.utils.translation import gettext as _
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from absences.store import mongo
from absences.store.documents import Completion, Intent, IntentId, LessonFacts, Projection, Sheet, ShownMark
from absences.store.mongo import Query
from absences.store.sheets import ATTEMPTS, OPEN, Key, new_sheet
from absences.store.times import midnight
from lessons.errors import StoreUnavailable
from lessons.models import Lesson, Register
from lessons.registers.state import RegisterState

COMPACT_AFTER = timedelta(days=35)


def fence(key: Key, day: date, intent: Intent, now: datetime) -> Sheet:
    """C1: returns the sheet, which is closing from now on. If it was closing already, it holds the earlier intent.

    A majority has acknowledged it, and everything before it. Raises StoreUnavailable: then nothing may go on.
    """
    with mongo.answering():
        for _attempt in range(ATTEMPTS):
            try:
                sheet = mongo.sheets().find_one_and_update(
                    key.filter | OPEN,
                    {
                        "$set": {"state": "closing", "closing_at": now, "date": midnight(day), "intent": intent},
                        "$setOnInsert": {**new_sheet(now), "rev": 0},
                    },
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:  # not open any more, or a race of two upserts
                sheet = mongo.sheets().find_one(key.filter)
            if sheet is not None and sheet["state"] != "open":
                return sheet
    raise StoreUnavailable(_("Too many people are writing to this register at once. Please try again."))


def close(merged: Iterable[tuple[Lesson, Register, RegisterState]], now: datetime) -> None:
    """C3: closes the sheets of a batch, with what statistics need."""
    updates = [
        UpdateOne(
            Key(lesson.school_id, lesson.pk).filter | {"state": "closing"},
            {
                "$set": {**_closed(now), **_facts(lesson), **_projection(register, state)},
                "$unset": {"orphan_check_at": ""},
            },
        )
        for lesson, register, state in merged
    ]
    if updates:
        with mongo.answering():
            mongo.sheets().bulk_write(updates, ordered=False)


def close_cancelled(lesson: Lesson, now: datetime) -> None:
    """C3 for a lesson that was cancelled before its merge: its sheet is closed, and in no statistics."""
    with mongo.answering():
        mongo.sheets().update_one(
            Key(lesson.school_id, lesson.pk).filter | {"state": "closing"},
            {"$set": {**_closed(now), "cancelled": True}, "$unset": {"orphan_check_at": ""}},
        )


class _Closed(Completion):
    state: Literal["closed"]


def _closed(now: datetime) -> _Closed:
    return {"state": "closed", "closed_at": now, "compact_at": now + COMPACT_AFTER}


def reopen(lesson: Lesson) -> None:
    """Opens the sheet of a lesson that is scheduled again: nobody has completed it, it was closing because the lesson
    was cancelled. Reports that came late meanwhile wait for the register."""
    key = Key(lesson.school_id, lesson.pk)
    with mongo.answering():
        mongo.sheets().update_one(
            key.filter | {"state": "closing", "intent.by": None},
            {"$set": {"state": "open"}, "$unset": {"intent": "", "closing_at": "", "date": ""}},
        )


def rebuild(lesson: Lesson, register: Register, state: RegisterState, now: datetime) -> bool:
    """Makes a closed sheet for a register whose own is lost, with what statistics need. Returns whether there was
    none."""
    key = Key(lesson.school_id, lesson.pk)
    intent: IntentId = {"id": register.completion_id}
    lost: Query = {**new_sheet(now), **_facts(lesson), **_projection(register, state)}
    lost |= {"state": "closed", "closed_at": now, "rev": register.merged_rev, "rebuilt_at": now, "intent": intent}
    del lost["orphan_check_at"]
    with mongo.answering():
        return mongo.sheets().update_one(key.filter, {"$setOnInsert": lost}, upsert=True).upserted_id is not None


def project(lesson: Lesson, register: Register, state: RegisterState) -> bool:
    """P. Returns whether the sheet shows this revision of the register now, or a later one."""
    key = Key(lesson.school_id, lesson.pk)
    with mongo.answering():
        older = {"$or": [{"register_rev": {"$lt": register.rev}}, {"register_rev": {"$exists": False}}]}
        result = mongo.sheets().update_one(
            key.filter | {"state": "closed"} | older, {"$set": _projection(register, state)}
        )
        if result.matched_count:
            return True
        newer = key.filter | {"state": "closed", "register_rev": {"$gte": register.rev}}
        return mongo.sheets().find_one(newer, {"_id": 1}) is not None


def late_merged(key: Key, late_rev: int) -> bool:
    """L3. Returns False if another report has come since `late_rev` was read: then there is more to merge."""
    with mongo.answering():
        result = mongo.sheets().update_one(key.filter | {"late_rev": late_rev}, {"$set": {"late_pending": False}})
    return bool(result.matched_count)


def _facts(lesson: Lesson) -> LessonFacts:
    return {
        "date": midnight(lesson.date),
        "school_year": lesson.school_year,
        "group": lesson.group_id,
        "year_group": lesson.group.year_group,
        "session": lesson.session or None,
    }


def _projection(register: Register, state: RegisterState) -> Projection:
    marks: list[ShownMark] = [
        {"student": entry.student_id, "code": entry.code, "minutes_late": entry.minutes_late}
        for entry in state.marks.values()
    ]
    return {
        "roster": list(state.roster),
        "unstated": sorted(state.unstated),
        "counts": state.counts,
        "marks": marks,
        "register_rev": register.rev,
        "amended_at": state.amended_at,
    }
