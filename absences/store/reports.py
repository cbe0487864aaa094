"""Reports and how they are written to a sheet, so that the decision and the change are one command.

R1 upserts into an open sheet; R2 writes to the late map of one that is closing or closed; R3 reads the sheet and
decides why neither took the report. Marks are keyed `s<student>`, since MongoDB may take a bare number for an array
index. Only classic update operators are used: a pipeline would evaluate what people write ("$secret").
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal
from uuid import UUID

from django.utils.translation import gettext as _
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from absences.store import mongo
from absences.store.documents import LogEntry, MarkState, Sheet, StoredMark
from absences.store.marks import current_mark
from absences.store.mongo import Query
from absences.store.sheets import ATTEMPTS, OPEN, Key, new_sheet
from lessons.errors import Conflict, FieldError, StoreUnavailable, Unprocessable

LOG_LENGTH = 200
MAX_NOTE = 500  # characters

# So many reports are far fewer than a document can hold, and far more than a class can give: somebody who may name any
# student must not be able to fill a sheet until it can no longer be closed.
MAX_REPORTS_A_SHEET = 3000
NOT_FULL: Query = {"$not": {"$gte": MAX_REPORTS_A_SHEET}}
DUPLICATE_KEY = 11000
DOCUMENT_TOO_LARGE = frozenset({10334, 17419, 17420})

BEGUN: Query = {"state": {"$in": ["closing", "closed"]}}


class Unset(Enum):
    """The client did not say which mark it saw, nor that it saw none."""

    UNSET = 0


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One student's code, as somebody reports it. `replaces` is the report_id of the mark that the client saw, or None
    if it saw none; `reported_at` is the time by the client's clock."""

    student_id: int
    code: str
    minutes_late: int | None = None
    note: str = ""
    report_id: UUID = field(default_factory=uuid.uuid4)
    device: str | None = None
    sequence: int | None = None
    replaces: UUID | Unset | None = UNSET
    reported_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports, as the signed token says."""

    user_id: int
    name: str
    position: str
    role: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The result of a report: the current mark, and whether the report is that mark (`provisional` or `late`), is older
    than it (`superseded`), or was refused because of somebody else's (`conflict`)."""

    mark: StoredMark
    state: Literal["provisional", "late", "superseded", "conflict"]


def mark_of(report: Report, by: Reporter, now: datetime, state: MarkState) -> StoredMark:
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
        "state": state,
    }


def store(key: Key, reports: Sequence[Report], by: Reporter, now: datetime) -> list[Stored]:
    """Stores reports on a sheet, and returns the result of each once a majority has acknowledged them.

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
                stored[index] = Stored(mark_of(waiting[index], by, now, "provisional"), "provisional")
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
    """R3, and R2 for those that nothing speaks against. The sheet is read once for all of them: otherwise a large batch
    that is sent again would never be done in time."""
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
    """R1, all reports in one command. Returns the indexes of those that it refused."""
    order = list(reports)
    operations = []
    for index in order:
        report = reports[index]
        mark = mark_of(report, by, now, "provisional")
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


def _store_late(key: Key, sheet: Sheet, report: Report, by: Reporter, now: datetime) -> Stored | None:
    """R2: completion has begun, so the report waits to become an amendment. Returns None if it was not taken."""
    if sheet["state"] == "open":
        return None
    mark = mark_of(report, by, now, "late")
    update = _write("late", mark)
    update["$set"]["late_pending"] = True
    result = mongo.sheets().update_one(
        key.filter | BEGUN | {"late_rev": NOT_FULL} | _guards(report, by) | _sees("late", report, by),
        update | {"$inc": {"late_rev": 1}},
    )
    return Stored(mark, "late") if result.matched_count else None


class _Reused(Exception):
    """A report_id came again with another content."""


def _decide(sheet: Sheet, report: Report, by: Reporter) -> Stored | None:
    """R3: returns why the open sheet did not take the report, or None if nothing speaks against it any more: then it is
    tried again. Raises Conflict if the sheet is full."""
    for logged in sheet.get("log", ()):
        if logged["student"] == report.student_id and logged["report_id"] == report.report_id:
            return Stored(_same(logged, report, by), logged["state"])
    current = current_mark(sheet, report.student_id)
    seen = sheet.get("seen", {}).get(f"s{report.student_id}", {}).get(f"{by.user_id}-{report.device}")
    if current and seen is not None and report.sequence is not None and seen >= report.sequence:
        return Stored(current, "superseded")
    is_somebody_elses = current and current["by"] != by.user_id
    if current and is_somebody_elses and report.replaces not in (UNSET, current["report_id"]):
        return Stored(current, "conflict")
    if sheet["rev" if sheet["state"] == "open" else "late_rev"] >= MAX_REPORTS_A_SHEET:
        raise Conflict(_("This sheet is full."))
    return None


def _same(logged: LogEntry, report: Report, by: Reporter) -> LogEntry:
    """Returns the report as it was taken the first time. Raises _Reused if it had another content."""
    content = (report.code, report.minutes_late, report.note, by.user_id)
    if (logged["code"], logged["minutes_late"], logged["note"], logged["by"]) != content:
        raise _Reused
    return logged


def _guards(report: Report, by: Reporter) -> Query:
    """Returns the filter by which a report counts once, and no older one of the same device after it."""
    once = {"$elemMatch": {"student": report.student_id, "report_id": report.report_id}}
    guards: Query = {"log": {"$not": once}}
    if report.device is not None:
        guards[_seen(report, by.user_id)] = {"$not": {"$gte": report.sequence}}
    return guards


def _sees(where: str, report: Report, by: Reporter) -> Query:
    """Returns the filter that `replaces` asks for: no mark there, or the one that the client saw, or the reporter's
    own.

    In an `$or`, because a plain equality would be copied into the upserted document.
    """
    if report.replaces is UNSET:
        return {}

    def seen(field: str) -> list[Query]:
        own = [{f"{field}.by": by.user_id}]
        return [{f"{field}.report_id": report.replaces}, *own] if report.replaces else own

    absences, late = f"absences.s{report.student_id}", f"late.s{report.student_id}"
    before = [*seen(absences), {absences: {"$exists": False}}]
    if where == "absences":
        return {"$or": before}
    return {"$or": [*seen(late), {late: {"$exists": False}, "$or": before}]}


def _write(where: str, mark: StoredMark) -> Query:
    changes: Query = {f"{where}.s{mark['student']}": mark}
    if mark["device"] is not None:
        changes[f"seen.s{mark['student']}.{mark['by']}-{mark['device']}"] = mark["sequence"]
    return {"$set": changes, "$push": {"log": {"$each": [mark], "$slice": -LOG_LENGTH}}}


def _seen(report: Report, user_id: int) -> str:
    return f"seen.s{report.student_id}.{user_id}-{report.device}"
