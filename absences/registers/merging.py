"""C2: makes registers from closing sheets, in batches: one transaction, one query for the lessons, one for the rosters,
one insert for the registers and one for the marks, whatever the size of the batch and of its classes."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db import transaction

from absences.registers.eligibility import Case, Judge
from absences.store.documents import Sheet, StoredMark
from lessons import codes
from lessons.models import Amendment, Enrolment, Lesson, Mark, Register, RejectedReport
from lessons.registers.feed import take_numbers
from lessons.registers.state import RegisterState, state_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Merged:
    """A register with its rows."""

    lesson: Lesson
    register: Register
    marks: Sequence[Mark] = ()
    amendments: Sequence[Amendment] = ()
    rejected: Sequence[RejectedReport] = ()

    @property
    def state(self) -> RegisterState:
        return state_of(self.register, nation=self.lesson.school.nation, marks=self.marks, amendments=self.amendments)


@dataclass(frozen=True)
class Result:
    """What a batch of sheets became.

    `merged` are registers by lesson id, whether made now or earlier, `foreign` the ids of those that were made from
    another sheet than this one, or from another state of it. `cancelled` lessons get no register, but their reports are
    kept as rejected; `revived` ones were about to be closed as cancelled and are scheduled again.
    """

    merged: dict[int, Merged]
    cancelled: Sequence[Lesson]
    revived: Sequence[Lesson]
    foreign: frozenset[int]


def merge(sheets: Sequence[Sheet]) -> Result:
    """C2 for a batch. A sheet whose school has no such lesson is left alone, and is missing from the result."""
    with transaction.atomic():
        locked = Lesson.objects.filter(pk__in=[sheet["lesson"] for sheet in sheets]).lock()
        by_pk = Lesson.objects.with_register().in_bulk(locked)
        found = [(sheet, by_pk[sheet["lesson"]]) for sheet in sheets if sheet["lesson"] in by_pk]
        own = [(sheet, lesson) for sheet, lesson in found if lesson.school_id == sheet["school"]]
        open_ = [(sheet, lesson) for sheet, lesson in own if not lesson.is_completed and _is_whole(sheet)]
        revived = [lesson for sheet, lesson in open_ if not lesson.is_cancelled and sheet["intent"]["by"] is None]
        fresh = [(sheet, lesson) for sheet, lesson in open_ if lesson not in revived]
        merged = _insert(_drafts(fresh)) if fresh else {}
    made_earlier = [(sheet, lesson) for sheet, lesson in own if lesson.is_completed and lesson.pk not in merged]
    return Result(
        merged | {lesson.pk: existing(lesson) for _, lesson in made_earlier},
        [lesson for _, lesson in own if lesson.is_cancelled],
        revived,
        frozenset(lesson.pk for sheet, lesson in made_earlier if not _is_made_from(lesson.register, sheet)),
    )


def _is_whole(sheet: Sheet) -> bool:
    """Whether the sheet still has its reports. It is compacted long after it has become a register: where that register
    is missing, SQL went back in time."""
    if sheet.get("compacted"):
        log.critical("The register of lesson %s is lost, and its sheet was compacted; left alone.", sheet["lesson"])
    return not sheet.get("compacted")


def _is_made_from(register: Register, sheet: Sheet) -> bool:
    """Whether a register was made from a fenced sheet, whose revision never changes."""
    return (register.completion_id, register.merged_rev) == (sheet["intent"]["id"], sheet["rev"])


@dataclass
class Draft(Case):
    """A register that is about to be written, and the rows around it."""

    marks: list[Mark] = field(default_factory=list)
    rejected: list[RejectedReport] = field(default_factory=list)
    unstated: list[int] = field(default_factory=list)


def _drafts(fresh: Sequence[tuple[Sheet, Lesson]]) -> list[Draft]:
    rosters = _rosters([lesson for _, lesson in fresh])
    kept = _kept_already([lesson for _, lesson in fresh if lesson.is_cancelled])
    drafts = [Draft(sheet, lesson, rosters[lesson.pk]) for sheet, lesson in fresh]
    judge = Judge.of(drafts)
    for draft in drafts:
        _fill(draft, judge)
        draft.rejected = [row for row in draft.rejected if (row.lesson_id, row.report_id) not in kept]
    return drafts


def _kept_already(cancelled: Sequence[Lesson]) -> set[tuple[int, UUID]]:
    """The rejected reports of cancelled lessons that an earlier try has written, since no register says so."""
    if not cancelled:
        return set()
    return set(RejectedReport.objects.filter(lesson__in=cancelled).values_list("lesson_id", "report_id"))


def _fill(draft: Draft, judge: Judge) -> None:
    lesson, intent = draft.lesson, draft.sheet["intent"]
    # A student who is planned to be away is not among "all others": either that is confirmed, or nothing is known.
    others = set(intent["roster_seen"]) - set(judge.planned[lesson.pk])
    stated = others if intent["others"] == "present" else set()
    said = draft.sheet.get("log", ())
    for reported in draft.sheet.get("absences", {}).values():
        reason = judge.reason(reported, lesson, draft.roster, completed_by=intent["by"], log=said)
        if reason:
            stated.discard(reported["student"])
            draft.rejected.append(rejected_row(reported, lesson, reason))
            continue
        stated.add(reported["student"])
        if reported["code"] != codes.PRESENT:
            draft.marks.append(_mark_row(reported, lesson))
    draft.unstated = [student for student in draft.roster if student not in stated]


def _rosters(lessons: Iterable[Lesson]) -> dict[int, list[int]]:
    """The students enrolled at each lesson's date, in one query."""
    lessons = list(lessons)
    rows = Enrolment.objects.filter(group__in={lesson.group_id for lesson in lessons}).values_list(
        "group_id",
        "student_id",
        "starts_on",
        "ends_on",
        "student__on_roll_from",
        "student__on_roll_until",
    )
    of_group: dict[int, list[Any]] = defaultdict(list)
    for group_id, *row in rows:
        of_group[group_id].append(row)
    return {
        lesson.pk: sorted(
            {
                student
                for student, starts, ends, joined, left in of_group[lesson.group_id]
                if max(starts, joined) <= lesson.date and all(end is None or lesson.date <= end for end in (ends, left))
            }
        )
        for lesson in lessons
    }


def _insert(drafts: Sequence[Draft]) -> dict[int, Merged]:
    taken = [draft for draft in drafts if not draft.lesson.is_cancelled]
    numbers = take_numbers(
        {
            school: sum((not d.lesson.is_cancelled) + len(d.rejected) for d in drafts if d.lesson.school_id == school)
            for school in sorted({draft.lesson.school_id for draft in drafts})
        }
    )
    registers = {draft.lesson.pk: _register_row(draft, next(numbers[draft.lesson.school_id])) for draft in taken}
    rejected = [row for draft in drafts for row in draft.rejected]
    for row in rejected:
        row.feed_number = next(numbers[row.school_id])
    Register.objects.bulk_create(registers.values())
    Mark.objects.bulk_create(mark for draft in taken for mark in draft.marks)
    RejectedReport.objects.bulk_create(rejected)
    return {
        draft.lesson.pk: Merged(draft.lesson, registers[draft.lesson.pk], draft.marks, (), draft.rejected)
        for draft in taken
    }


def _register_row(draft: Draft, feed_number: int) -> Register:
    lesson, intent = draft.lesson, draft.sheet["intent"]
    counts = codes.code_set(lesson.school.nation, lesson.date).count(
        (mark.code for mark in draft.marks), expected=len(draft.roster), unstated=len(draft.unstated)
    )
    return Register(
        lesson=lesson,
        school=lesson.school,
        group_id=lesson.group_id,
        date=lesson.date,
        session=lesson.session,
        school_year=lesson.school_year,
        completed_at=intent["at"],
        taken_at=intent["taken_at"],
        by_id=intent["by"],
        by_name=intent["by_name"],
        by_position=intent["by_position"],
        source=intent["source"],
        roster=draft.roster,
        unstated=draft.unstated,
        counts=counts,
        feed_number=feed_number,
        completion_id=intent["id"],
        merged_rev=draft.sheet["rev"],
        late_completion_id=intent["id"],
    )


def _mark_row(reported: StoredMark, lesson: Lesson) -> Mark:
    return Mark(
        school=lesson.school,
        register_id=lesson.pk,
        student_id=reported["student"],
        school_year=lesson.school_year,
        **_columns(reported),
    )


def rejected_row(reported: StoredMark, lesson: Lesson, reason: RejectedReport.Reason) -> RejectedReport:
    """The row for a report that cannot be merged; it gets its number in the feed later."""
    return RejectedReport(
        school=lesson.school,
        lesson=lesson,
        student_id=reported["student"],
        school_year=lesson.school_year,
        reason=reason,
        **_columns(reported),
    )


class _Columns(TypedDict):
    """The columns that marks and rejected reports have in common."""

    code: str
    minutes_late: int | None
    note: str
    report_id: UUID
    reported_at: datetime
    arrived_at: datetime
    by_id: int
    by_name: str
    by_position: str


def _columns(reported: StoredMark) -> _Columns:
    return {
        "code": reported["code"],
        "minutes_late": reported["minutes_late"],
        "note": reported["note"],
        "report_id": reported["report_id"],
        "reported_at": reported["reported_at"],
        "arrived_at": reported["at"],
        "by_id": reported["by"],
        "by_name": reported["by_name"],
        "by_position": reported["by_position"],
    }


def existing(lesson: Lesson) -> Merged:
    """Returns a completed lesson's register, with its rows."""
    register = lesson.register
    rows = (list(register.marks.all()), list(register.amendments.all()), list(lesson.rejected.all()))
    return Merged(lesson, register, *rows)
