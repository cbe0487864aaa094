"""The sheets of lessons that are being taken: reports go in, and are read.

One document for a school's lesson, `_id` = "<school>:<lesson>". Every filter names school and lesson, the shard key.
Marks are keyed `s<student>`: with a bare number MongoDB may take the key for an array index. Classic update operators
only, since a pipeline would evaluate what people write ("$secret").

R1 upsert into an open sheet; R2 the late map of one that is closing or closed; R3 read and decide why neither took it.
What completion does to a sheet stands in `transitions.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from absences.reporting.parse import UNSET, Report
from absences.store import mongo
from absences.store.mongo import Document
from lessons.errors import Conflict, FieldError, StoreUnavailable, Unprocessable

LOG_LENGTH = 200
ATTEMPTS = 6

# So many reports are far from what a document may hold, and farther from what a class can give: whoever may name any
# student must not fill a sheet until it can no longer be closed.
MAX_REPORTS = 3000
NOT_FULL: Document = {"$not": {"$gte": MAX_REPORTS}}
ORPHAN_AFTER = timedelta(hours=48)
DUPLICATE_KEY = 11000
DOCUMENT_TOO_LARGE = frozenset({10334, 17419, 17420})

OPEN: Document = {"state": "open"}
BEGUN: Document = {"state": {"$in": ["closing", "closed"]}}


@dataclass(frozen=True, slots=True)
class Key:
    """A school's lesson. The school comes from a signed token or from SQL, never from a request."""

    school_id: int
    lesson_id: int

    @property
    def filter(self) -> Document:
        return {"_id": str(self), "school": self.school_id, "lesson": self.lesson_id}

    def __str__(self) -> str:
        return f"{self.school_id}:{self.lesson_id}"


@dataclass(frozen=True, slots=True)
class Reporter:
    """By whom: as in the signed token."""

    user_id: int
    name: str
    position: str
    role: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a report: the mark that now stands, and `provisional`, `late`, `superseded` or `conflict`."""

    mark: Document
    state: str


def new_sheet(now: datetime) -> Document:
    """What the first write adds, beside the fields that its filter names."""
    return {"v": 1, "created_at": now, "orphan_check_at": now + ORPHAN_AFTER, "late_rev": 0, "late_pending": False}


def mark_of(report: Report, by: Reporter, now: datetime) -> Document:
    return {
        "student": report.student_id,
        "code": report.code,
        "minutes_late": report.minutes_late,
        "note": report.note,
        "report_id": report.report_id,
        "device": report.device,
        "sequence": report.sequence,
        "by": by.user_id,
        "by_name": by.name,
        "by_position": by.position,
        "role": by.role,
        "at": now,
        # A device's clock is data, but nobody has said anything in the future.
        "reported_at": min(report.reported_at or now, now),
    }


def store(key: Key, reports: Sequence[Report], by: Reporter, now: datetime) -> list[Stored]:
    """Stores reports on a sheet; acknowledged by a majority when this returns.

    Raises StoreUnavailable (outcome unknown, repeating is safe), Unprocessable (a report_id with another content; the
    other reports are stored), and Conflict when the sheet is full.
    """
    stored: dict[int, Stored] = {}
    reused: list[FieldError] = []
    waiting = dict(enumerate(reports))
    with mongo.answering():
        for _attempt in range(ATTEMPTS):
            refused = _upsert_open(key, waiting, by, now)
            for index in waiting.keys() - refused:
                stored[index] = Stored(mark_of(waiting[index], by, now), "provisional")
            waiting = {index: waiting[index] for index in sorted(refused)}
            if waiting:
                taken = _decide_all(key, waiting, by, now)
                stored |= {index: each for index, each in taken.items() if isinstance(each, Stored)}
                reused += [each for each in taken.values() if isinstance(each, FieldError)]
                waiting = {index: report for index, report in waiting.items() if index not in taken}
            if not waiting:
                break
        else:
            raise StoreUnavailable(_("Too many people are writing to this register at once. Please try again."))
    if reused:
        raise Unprocessable(reused)
    return [stored[index] for index in sorted(stored)]


def _decide_all(key: Key, reports: Mapping[int, Report], by: Reporter, now: datetime) -> dict[int, Stored | FieldError]:
    """R3, and R2 for those that nothing stands against. The sheet is read once for all of them, or a large batch that
    is sent again would never be through in time."""
    sheet = mongo.sheets().find_one(key.filter)
    taken: dict[int, Stored | FieldError] = {}
    if sheet is None:
        return taken
    for index, report in reports.items():
        try:
            if found := _decide(sheet, report, by) or _store_late(key, sheet, report, by, now):
                taken[index] = found
        except _Reused:
            text = _("This report_id stands for another report.")
            taken[index] = FieldError(f"/absences/{index}/report_id", "reused", text)
    return taken


def _upsert_open(key: Key, reports: Mapping[int, Report], by: Reporter, now: datetime) -> set[int]:
    """R1, all reports in one command. The indexes of those that it refused."""
    order = list(reports)
    operations = []
    for index in order:
        report = reports[index]
        mark = mark_of(report, by, now) | {"state": "provisional"}
        operations.append(
            UpdateOne(
                key.filter | OPEN | {"rev": NOT_FULL} | _guards(report, by) | _sees("absences", report, by),
                _write("absences", mark) | {"$inc": {"rev": 1}, "$setOnInsert": new_sheet(now)},
                upsert=True,
            )
        )
    try:
        mongo.sheets().bulk_write(operations, ordered=False)
    except BulkWriteError as error:
        failed = error.details["writeErrors"]
        if any(each["code"] in DOCUMENT_TOO_LARGE for each in failed):
            raise Conflict(_("This sheet is full.")) from error
        if any(each["code"] != DUPLICATE_KEY for each in failed) or error.details["writeConcernErrors"]:
            raise
        return {order[each["index"]] for each in failed}
    return set()


def _store_late(key: Key, sheet: Document, report: Report, by: Reporter, now: datetime) -> Stored | None:
    """R2: completion has begun, so the report waits to become an amendment."""
    if sheet["state"] == "open":
        return None
    mark = mark_of(report, by, now) | {"state": "late"}
    update = _write("late", mark)
    update["$set"]["late_pending"] = True
    result = mongo.sheets().update_one(
        key.filter | BEGUN | {"late_rev": NOT_FULL} | _guards(report, by) | _sees("late", report, by),
        update | {"$inc": {"late_rev": 1}},
    )
    return Stored(mark, "late") if result.matched_count else None


class _Reused(Exception):
    """A report_id came again with another content."""


def _decide(sheet: Document, report: Report, by: Reporter) -> Stored | None:
    """R3: why the open sheet did not take it. None where nothing stands against it any more, so that it is tried again.

    Raises Conflict for a sheet that is full.
    """
    for logged in sheet.get("log", ()):
        if logged["student"] == report.student_id and logged["report_id"] == report.report_id:
            return Stored(_same(logged, report, by), logged["state"])
    standing = _standing_mark(sheet, report.student_id)
    seen = sheet.get("seen", {}).get(f"s{report.student_id}", {}).get(f"{by.user_id}-{report.device}")
    if standing and seen is not None and report.sequence is not None and seen >= report.sequence:
        return Stored(standing, "superseded")
    anothers = standing and standing["by"] != by.user_id
    if standing and anothers and report.replaces not in (UNSET, standing["report_id"]):
        return Stored(standing, "conflict")
    if sheet["rev" if sheet["state"] == "open" else "late_rev"] >= MAX_REPORTS:
        raise Conflict(_("This sheet is full."))
    return None


def _same(logged: Document, report: Report, by: Reporter) -> Document:
    content = (report.code, report.minutes_late, report.note, by.user_id)
    if (logged["code"], logged["minutes_late"], logged["note"], logged["by"]) != content:
        raise _Reused
    return logged


def _guards(report: Report, by: Reporter) -> Document:
    """A report counts once, and no older one of the same device after it."""
    once = {"$elemMatch": {"student": report.student_id, "report_id": report.report_id}}
    guards: Document = {"log": {"$not": once}}
    if report.device is not None:
        guards[_seen(report, by.user_id)] = {"$not": {"$gte": report.sequence}}
    return guards


def _sees(where: str, report: Report, by: Reporter) -> Document:
    """With `replaces`: nothing stands there, or what the client saw, or the reporter's own.

    In an `$or`, because a plain equality would be copied into the upserted document.
    """
    if report.replaces is UNSET:
        return {}

    def seen(field: str) -> list[Document]:
        own = [{f"{field}.by": by.user_id}]
        return [{f"{field}.report_id": report.replaces}, *own] if report.replaces else own

    absences, late = f"absences.s{report.student_id}", f"late.s{report.student_id}"
    before = [*seen(absences), {absences: {"$exists": False}}]
    if where == "absences":
        return {"$or": before}
    return {"$or": [*seen(late), {late: {"$exists": False}, "$or": before}]}


def _write(where: str, mark: Document) -> Document:
    changes = {f"{where}.s{mark['student']}": mark}
    if mark["device"] is not None:
        changes[f"seen.s{mark['student']}.{mark['by']}-{mark['device']}"] = mark["sequence"]
    return {"$set": changes, "$push": {"log": {"$each": [mark], "$slice": -LOG_LENGTH}}}


def _seen(report: Report, user_id: int) -> str:
    return f"seen.s{report.student_id}.{user_id}-{report.device}"


def read(key: Key) -> Document | None:
    """The whole sheet, as a majority holds it."""
    with mongo.answering():
        return mongo.sheets().find_one(key.filter)


def standing_of(school_id: int, lesson_ids: Iterable[int]) -> dict[int, list[Document]]:
    """As `standing_marks`, by lesson; lessons without a sheet are left out. One command."""
    wanted = {"absences": 1, "late": 1, "lesson": 1}
    with mongo.answering():
        found = mongo.sheets().find({"school": school_id, "lesson": {"$in": list(lesson_ids)}}, wanted)
        return {sheet["lesson"]: standing_marks(sheet) for sheet in found}


def marked(school_id: int, lesson_ids: Iterable[int]) -> dict[int, int]:
    """How many students have a mark on the sheet of each lesson; lessons without a sheet are left out."""
    students = {"$setUnion": [_names("$absences"), _names("$late")]}
    with mongo.answering():
        found = mongo.sheets().aggregate(
            [
                {"$match": {"school": school_id, "lesson": {"$in": list(lesson_ids)}}},
                {"$project": {"_id": 0, "lesson": 1, "marked": {"$size": students}}},
            ]
        )
        return {sheet["lesson"]: sheet["marked"] for sheet in found}


def reported(lessons: Iterable[tuple[int, int]]) -> set[int]:
    """Those of the lessons, given as (school, lesson), that have a sheet."""
    keys = [Key(school, lesson).filter for school, lesson in lessons]
    if not keys:
        return set()
    with mongo.answering():
        return {sheet["lesson"] for sheet in mongo.sheets().find({"$or": keys}, {"lesson": 1})}


def _names(field: str) -> Document:
    """The keys of a map that may not be there."""
    return {"$map": {"input": {"$objectToArray": {"$ifNull": [field, {}]}}, "in": "$$this.k"}}


def standing_marks(sheet: Mapping[str, Any]) -> list[Document]:
    """Every mark that stands on a sheet, by student id, with its state."""
    marks = {**sheet.get("absences", {}), **sheet.get("late", {})}
    return sorted(marks.values(), key=lambda mark: mark["student"])


def _standing_mark(sheet: Mapping[str, Any], student_id: int) -> Document | None:
    """The mark that stands on a sheet for a student: the late one, where there is one."""
    name = f"s{student_id}"
    mark: Document | None = sheet.get("late", {}).get(name) or sheet.get("absences", {}).get(name)
    return mark
