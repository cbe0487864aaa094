"""The form for amending many marks of a register, with one reason for all changes.

Fields for each student: `mark-<id>` is the code (present, absent, late, or the current one) and `minutes-<id>` the
minutes; `was-<id>` and `wasminutes-<id>` are what the page showed, empty for unmarked. Only changes are added, and only
if the page showed the current mark.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from absences.registers.amendments import Change
from absences.taking.register_form import EVERYDAY, PupilRow
from lessons import codes
from lessons.errors import FieldError
from lessons.models import Lesson, Student
from lessons.registers.state import RegisterState

NAMES = ("mark", "minutes", "was", "wasminutes")


@dataclass
class Corrections:
    """The contents of a form, with errors by student id."""

    changes: list[Change] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    strangers: bool = False

    def blame(self, errors: Sequence[FieldError]) -> None:
        """Shows the errors of `amendments.amend` beside their pupils."""
        for error in errors:
            index = int(error.pointer.split("/")[2])
            self.errors[self.changes[index].student_id] = error.detail


def read(post: Mapping[str, str], roster: Collection[int], lesson: Lesson, why: str) -> Corrections:
    """Reads the form; never raises. Each change expects the mark that the page showed."""
    sent = Corrections()
    sent.strangers = any(name.startswith("mark-") and name[5:] not in {str(pk) for pk in roster} for name in post)
    for student_id in roster:
        code, minutes, was, was_minutes = _said(post, student_id)
        if (code, minutes) == (was, was_minutes) or (code == was and code not in codes.ARRIVAL_CODES):
            continue
        if code not in EVERYDAY:
            sent.errors[student_id] = _("Choose present, absent or late.")
        elif code in codes.ARRIVAL_CODES and minutes and not _is_minutes(minutes):
            text = _("Minutes late are a whole number from 0 to %(most)s.")
            sent.errors[student_id] = text % {"most": codes.MAX_MINUTES_LATE}
        else:
            late = int(minutes) if code in codes.ARRIVAL_CODES and minutes else None
            sent.changes.append(_change(student_id, code, late, lesson, why, was))
    return sent


def rows(students: Sequence[Student], state: RegisterState) -> list[PupilRow]:
    """Returns a row for each student, with the current mark."""
    return [_row(student, state) for student in students]


def put_back(post: Mapping[str, str], shown: Sequence[PupilRow], errors: Mapping[int, str], *, seen: bool) -> None:
    """Puts the choices of a form back on the rows, together with the marks that it had `seen`, unless the user should
    see the current ones."""
    for row in shown:
        code, minutes, was, was_minutes = _said(post, row.student.pk)
        row.error = errors.get(row.student.pk, "")
        if (code, minutes) != (was, was_minutes) and code in {*EVERYDAY, row.was}:
            row.code, row.minutes = code, minutes[:6]
        if seen and was in {"", *EVERYDAY, row.was}:
            row.was, row.was_minutes = was, was_minutes[:6]


def not_yet_so(changes: Sequence[Change], state: RegisterState) -> list[Change]:
    """Returns changes that differ from the current state, for a form that is sent twice."""
    return [change for change in changes if (change.code, change.minutes_late) != _stands(change, state)]


def _stands(change: Change, state: RegisterState) -> tuple[str | None, int | None]:
    return state.code_of(change.student_id), state.minutes_of(change.student_id)


def _change(student_id: int, code: str, minutes: int | None, lesson: Lesson, why: str, was: str) -> Change:
    if minutes is not None:
        closed = minutes >= lesson.school.closing_minutes
        code = codes.LATE_AFTER_CLOSING if closed else codes.LATE
    return Change(student_id=student_id, code=code, reason=why, minutes_late=minutes, expected_code=was)


def _row(student: Student, state: RegisterState) -> PupilRow:
    code, minutes = state.code_of(student.pk) or "", state.minutes_of(student.pk)
    return PupilRow(student, code=code, minutes=minutes, was=code, was_minutes=minutes)


def _said(post: Mapping[str, str], student_id: int) -> tuple[str, str, str, str]:
    """Returns the fields in the order of NAMES."""
    code, minutes, was, was_minutes = (post.get(f"{name}-{student_id}", "").strip() for name in NAMES)
    return code, minutes, was, was_minutes


def _is_minutes(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= codes.MAX_MINUTES_LATE
