"""A register given again: a mark for each of those who are unstated, and one reason for all of them.

Fields for each student: `mark-<id>` the code (present, absent or late) and `minutes-<id>`. Nothing is chosen at first,
and who is not chosen stays unstated.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from absences.amendments import Change
from absences.register_form import Row
from lessons import codes
from lessons.errors import FieldError
from lessons.models import Lesson, Student
from lessons.standing import Standing

CHOICES = frozenset({codes.PRESENT, codes.ABSENT, codes.LATE})


@dataclass
class Sent:
    """What a form says; what is wrong by student id."""

    changes: list[Change] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    strangers: bool = False

    def blame(self, errors: Sequence[FieldError]) -> None:
        """Puts what `amendments.amend` found wrong beside its pupil."""
        for error in errors:
            index = int(error.pointer.split("/")[2])
            self.errors[self.changes[index].student_id] = error.detail


def read(post: Mapping[str, str], roster: Collection[int], lesson: Lesson, why: str) -> Sent:
    """The form as sent. Nothing raises. Each change expects that its student is unstated."""
    sent = Sent()
    sent.strangers = any(name.startswith("mark-") and name[5:] not in {str(pk) for pk in roster} for name in post)
    for student_id in roster:
        code, minutes = post.get(f"mark-{student_id}", ""), post.get(f"minutes-{student_id}", "").strip()
        if not code and not minutes:
            continue
        if code not in CHOICES:
            sent.errors[student_id] = _("Choose present, absent or late.")
        elif code == codes.LATE and minutes and not _is_minutes(minutes):
            text = _("Minutes late are a whole number from 0 to %(most)s.")
            sent.errors[student_id] = text % {"most": codes.MAX_MINUTES_LATE}
        else:
            late = int(minutes) if code == codes.LATE and minutes else None
            sent.changes.append(_change(student_id, code, late, lesson, why))
    return sent


def rows(students: Sequence[Student], post: Mapping[str, str], errors: Mapping[int, str]) -> list[Row]:
    """Those who are unstated, in the order given, with what was chosen."""
    return [_row(student, post, errors) for student in students]


def not_yet_so(changes: Sequence[Change], standing: Standing) -> list[Change]:
    """Those that say something else than what stands already, when a form is sent twice."""
    return [change for change in changes if (change.code, change.minutes_late) != _stands(change, standing)]


def _stands(change: Change, standing: Standing) -> tuple[str | None, int | None]:
    return standing.code_of(change.student_id), standing.minutes_of(change.student_id)


def _change(student_id: int, code: str, minutes: int | None, lesson: Lesson, why: str) -> Change:
    if minutes is not None and minutes >= lesson.school.closing_minutes:
        code = codes.LATE_AFTER_CLOSING
    return Change(student_id=student_id, code=code, reason=why, minutes_late=minutes, expected_code="")


def _row(student: Student, post: Mapping[str, str], errors: Mapping[int, str]) -> Row:
    code, minutes = post.get(f"mark-{student.pk}", ""), post.get(f"minutes-{student.pk}", "")
    return Row(student, code=code if code in CHOICES else "", minutes=minutes[:6], error=errors.get(student.pk, ""))


def _is_minutes(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= codes.MAX_MINUTES_LATE
