"""Makes amendments from late reports, which reached the store after completion had begun.

L1 reads the sheet, with `late_rev` = N; L2 is one SQL transaction, once for each N; L3 ends it, unless N has risen.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from absences.registers import amendments, eligibility
from absences.registers.eligibility import Judge, Reason
from absences.registers.merging import Merged, existing, rejected_row
from absences.store import sheets, transitions
from absences.store.documents import LogEntry, Sheet, StoredMark
from absences.store.sheets import ATTEMPTS, Key
from lessons import codes
from lessons.database.recording import recording
from lessons.errors import Refused, StoreUnavailable
from lessons.models import Amendment, Lesson, Mark, PlannedAbsence, Register, RejectedReport
from lessons.models.permissions import within_window
from lessons.registers.feed import take_numbers
from lessons.registers.state import state_of
from lessons.roles import Role

log = logging.getLogger(__name__)


def merge_late(key: Key, now: datetime) -> None:
    """Merges the late reports that wait on a closed sheet; safe to repeat, and twice at once. Raises StoreUnavailable,
    and Refused if SQL will not write them."""
    for _attempt in range(ATTEMPTS):
        sheet = sheets.read(key)
        if sheet is None or sheet["state"] != "closed" or not sheet["late_pending"]:
            return
        with recording():
            lesson = merge(sheet, sheet.get("late", {}).values(), is_all=True)
        if lesson is None:
            log.critical("The closed sheet %s has no register; left alone.", key)
            return
        if transitions.late_merged(key, sheet["late_rev"]) and lesson.is_completed:
            amendments.project(lesson)


def merge_soon(key: Key, now: datetime) -> bool:
    """As `merge_late`, for reports that have been acknowledged. Returns whether it is done; if not, the reconciler does
    it."""
    try:
        merge_late(key, now)
    except StoreUnavailable as error:
        log.warning("The late reports of sheet %s are not merged yet.", key, exc_info=isinstance(error, Refused))
        return False
    return True


def merge_newer(sheet: Sheet, register: Register) -> Merged:
    """Merges what was reported since the register was completed on a fenced sheet from which it was not made; its
    completion has judged everything older. Returns the register. Safe to repeat."""
    since = [mark for mark in sheet.get("absences", {}).values() if mark["at"] > register.completed_at]
    lesson = merge(sheet, since)
    assert lesson is not None, "registers stay"
    return existing(lesson)


def merge(sheet: Sheet, marks: Collection[StoredMark], *, is_all: bool = False) -> Lesson | None:
    """L2. Returns the lesson, or None if the school has none, because SQL went back in time.

    `is_all` says that the marks are all late ones of the sheet as it was read. Another process may have merged a later
    state of it since, and an older report would then come after a newer one of the same student.
    """
    with transaction.atomic():
        locked = Lesson.objects.filter(school=sheet["school"], pk=sheet["lesson"]).lock()
        lesson = Lesson.objects.with_register().filter(pk__in=locked).first()
        if lesson is None:
            return None
        if lesson.is_completed:
            if not is_all or _note_merged(lesson.register, sheet):
                _append(lesson, marks, sheet.get("log", ()))
        elif lesson.is_cancelled:
            _reject(lesson, [(mark, Reason.LESSON_CANCELLED) for mark in _new(lesson, marks)])
        else:
            return None
        return lesson


def _note_merged(register: Register, sheet: Sheet) -> bool:
    """Notes this state of the late reports as merged. False if it was merged already, or a later one."""
    counted, rev = sheet["intent"]["id"], sheet["late_rev"]
    if register.late_completion_id == counted and register.merged_late_rev >= rev:
        return False
    Register.objects.filter(pk=register.pk).update(merged_late_rev=rev, late_completion_id=counted)
    return True


def _new(lesson: Lesson, marks: Collection[StoredMark]) -> list[StoredMark]:
    """Those of the marks that are not in SQL yet, oldest first."""
    done = {
        *Mark.objects.filter(register=lesson.pk).values_list("student_id", "report_id"),
        *RejectedReport.objects.filter(lesson=lesson).values_list("student_id", "report_id"),
        *Amendment.objects.filter(register=lesson.pk, report_id__isnull=False).values_list("student_id", "report_id"),
    }
    waiting = [mark for mark in marks if (mark["student"], mark["report_id"]) not in done]
    return sorted(waiting, key=lambda mark: mark["at"])


def _append(lesson: Lesson, marks: Collection[StoredMark], said: Sequence[LogEntry]) -> None:
    register = lesson.register
    history = list(register.amendments.all())
    waiting = _new(lesson, marks)
    late = _new(lesson, [*waiting, *_hidden(waiting, said, history)])
    before = state_of(register, nation=lesson.school.nation, amendments=history)
    schools = {lesson.school_id}
    judge = Judge(
        eligibility.reporters_of(schools, {mark["by"] for mark in (*late, *said)} if late else ()),
        eligibility.students_of(schools, {mark["student"] for mark in late} - set(register.roster)),
        PlannedAbsence.objects.codes_of([lesson] if late else ()),
    )
    rows, rejected = [], []
    for mark in late:
        reason = _too_late(mark, lesson, history) or judge.reason(
            mark, lesson, register.roster, completed_by=None, log=_not_overtaken(said, mark["student"], history)
        )
        if reason:
            rejected.append((mark, reason))
            continue
        rows.append(_row(mark, lesson, before.code_of(mark["student"]), before.minutes_of(mark["student"])))
    amendments.append(register, rows)
    _reject(lesson, rejected)


def _by_persons(student_id: int, history: Sequence[Amendment]) -> list[Amendment]:
    """The amendments by which somebody has changed this student's code in the register itself."""
    kinds = (Amendment.Kind.CORRECTION, Amendment.Kind.VOID)
    return [each for each in history if each.kind in kinds and each.student_id in (None, student_id)]


def _overtaken(mark: StoredMark, history: Sequence[Amendment]) -> bool:
    """Whether a report was made before somebody amended the register. A device without a network sends it later,
    and its user could not know."""
    return any(each.arrived_at > mark["reported_at"] for each in _by_persons(mark["student"], history))


def _not_overtaken(said: Sequence[LogEntry], student_id: int, history: Sequence[Amendment]) -> list[LogEntry]:
    return [each for each in said if each["student"] == student_id and not _overtaken(each, history)]


def _hidden(
    marks: Collection[StoredMark], said: Sequence[LogEntry], history: Sequence[Amendment]
) -> Iterator[StoredMark]:
    """The marks that would be current on the sheet, if the overtaken ones had not come after them."""
    for mark in marks:
        if _overtaken(mark, history):
            later = _not_overtaken(said, mark["student"], history)
            yield from [each for each in later if each["state"] == mark["state"]][-1:]


def _too_late(mark: StoredMark, lesson: Lesson, history: Sequence[Amendment]) -> Reason | None:
    if not within_window(lesson, Role(mark["role"]), mark["at"]):
        return Reason.TOO_LATE
    return Reason.SUPERSEDED_BY_AMENDMENT if _overtaken(mark, history) else None


def _row(mark: StoredMark, lesson: Lesson, from_code: str | None, from_minutes_late: int | None) -> Amendment:
    arrival = mark["code"] in codes.ARRIVAL_CODES
    return Amendment(
        school=lesson.school,
        register=lesson.register,
        school_year=lesson.school_year,
        kind=Amendment.Kind.ARRIVAL if arrival else Amendment.Kind.LATE_REPORT,
        student_id=mark["student"],
        from_code=from_code,
        from_minutes_late=from_minutes_late,
        to_code=mark["code"],
        to_minutes_late=mark["minutes_late"],
        reason=mark["note"] or (_("Arrived late.") if arrival else _("Reported after the register was taken.")),
        by_id=mark["by"],
        by_name=mark["by_name"],
        by_position=mark["by_position"],
        happened_at=mark["reported_at"],
        arrived_at=mark["at"],
        source="report",
        report_id=mark["report_id"],
    )


def _reject(lesson: Lesson, rejected: Sequence[tuple[StoredMark, Reason]]) -> None:
    if not rejected:
        return
    numbers = take_numbers({lesson.school_id: len(rejected)})[lesson.school_id]
    rows = [rejected_row(mark, lesson, reason) for mark, reason in rejected]
    for row in rows:
        row.feed_number = next(numbers)
    RejectedReport.objects.bulk_create(rows)
