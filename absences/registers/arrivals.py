"""Students who come in after the register was taken. That happens every day, so no reason is asked: it is a late report
with `L` or `U`, and becomes an amendment of kind `arrival`. Before the register is taken it is a report like any
other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from django.utils.translation import gettext as _

from absences.registers import completion, late, merging
from absences.reporting import service, tickets
from absences.store import sheets
from absences.store.documents import Sheet
from absences.store.marks import current_mark
from absences.store.reports import Report, Stored
from absences.store.sheets import Key
from lessons import codes
from lessons.calendar import school_time
from lessons.errors import Conflict, NotAllowed, Unprocessable
from lessons.models import Lesson, User
from lessons.models.permissions import allowed_codes
from lessons.registers.state import RegisterState

AWAITED = (codes.ABSENT, None)  # the codes of a student who may still come in


def may_arrive(user: User, lesson: Lesson, now: datetime) -> bool:
    """Returns whether the user may take the lesson, today, and use the code that an arrival has by now."""
    if school_time.local_date(lesson.school.time_zone, now) != lesson.date or not user.access.may_report(lesson, now):
        return False
    return code(lesson, now) in allowed_codes(user.access.in_school(lesson.school_id).role, lesson)


def arrive(user: User, lesson: Lesson, student_id: int, *, now: datetime) -> RegisterState:
    """Reports the arrival of a student on the roster, and returns the register's state after it. For a student who is
    not awaited, or has arrived already, nothing changes.

    Raises NotAllowed, Conflict if a colleague was faster with another mark, and StoreUnavailable: then repeating is
    safe.
    """
    if not may_arrive(user, lesson, now):
        raise NotAllowed(_("Arrivals are told on the lesson’s own day, by whoever may take it."))
    key = Key(lesson.school_id, lesson.pk)
    sheet = sheets.read(key)  # before the register is read: the report does not replace what comes later
    if sheet and sheet["late_pending"]:  # a colleague may have reported the same just now
        late.merge_late(key, now)
    before = merging.existing(lesson)
    if before.state.code_of(student_id) not in AWAITED:
        return before.state
    said = sum(amendment.student_id in (None, student_id) for amendment in before.amendments)
    stored = _stored(user, lesson, lesson.register.roster, _report(user, lesson, student_id, sheet, said, now), now)
    state = stored.state if stored else "late"
    if state == "provisional":  # the sheet was lost, and this made a new one beside the register
        completion.complete(user, lesson.pk, now=now, source="page")
    late.merge_late(key, now)
    after = merging.existing(lesson).state
    if state == "conflict" and after.code_of(student_id) in AWAITED:
        raise Conflict(_("A colleague has marked this pupil in the meantime. Please look at the register again."))
    return after


def announce(user: User, lesson: Lesson, student_id: int, *, now: datetime) -> str | None:
    """As `arrive`, while the register is not taken yet. Returns the student's code on the sheet after it. Raises as
    `arrive`."""
    key = Key(lesson.school_id, lesson.pk)
    sheet = sheets.read(key)
    if sheet and sheet["state"] != "open":
        raise Conflict(_("This register is being finished at this moment. Please press again."))
    said = current_mark(sheet, student_id)
    if said and said["code"] not in AWAITED:
        return said["code"]
    report = _report(user, lesson, student_id, sheet, said and said["report_id"], now)
    stored = _stored(user, lesson, [student_id], report, now)
    if stored and stored.state == "late":
        late.merge_late(key, now)
    return stored.mark["code"] if stored else report.code


def _stored(user: User, lesson: Lesson, roster: Sequence[int], report: Report, now: datetime) -> Stored | None:
    """Stores the report, and returns the result; None if it was made twice while the minute changed: the first one
    counts."""
    claims = tickets.claims_for(user, lesson, roster, now)
    try:
        [stored] = service.report(claims, lesson.pk, [report], now)
    except Unprocessable:
        return None
    return stored


def _report(user: User, lesson: Lesson, student_id: int, sheet: Sheet | None, after: object, now: datetime) -> Report:
    """Returns the same report, however often it is made after `after`."""
    current = current_mark(sheet, student_id)
    minutes = (now - lesson.starts_at) // timedelta(minutes=1)
    return Report(
        student_id=student_id,
        code=code(lesson, now),
        minutes_late=min(max(minutes, 0), codes.MAX_MINUTES_LATE),
        report_id=uuid5(NAMESPACE_URL, f"arrival {lesson.pk} {student_id} {user.pk} {after}"),
        replaces=current["report_id"] if current else None,
    )


def code(lesson: Lesson, now: datetime) -> str:
    return codes.LATE if now < lesson.closes_at else codes.LATE_AFTER_CLOSING
