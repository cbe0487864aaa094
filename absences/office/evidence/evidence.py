"""The audit trail of a register or a pupil: every entry as it was made, without computing a result."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q
from django.utils.translation import gettext_lazy as _

from absences.registers import merging
from absences.web.words import word
from lessons import codes
from lessons.models import Amendment, Lesson, Mark, Register, RejectedReport, Student, User
from lessons.models.base import Signed
from lessons.models.permissions import Access

COLUMNS = (
    *("date", "lesson", "group", "subject", "session", "starts_at", "record", "kind", "student", "name", "upn"),
    *("from_code", "from_minutes_late", "code", "minutes_late", "meaning", "reason", "note", "by_name", "by_position"),
    *("happened_at", "arrived_at", "source", "report_id", "on_roster", "not_stated"),
)


WITHHELD = _("(withheld)")  # shown to readers who may not read it; an empty cell means that there is no text


class Record(StrEnum):
    REGISTER = "register"
    FIRST_ENTRY = "first entry"
    AMENDMENT = "amendment"
    REJECTED = "rejected report"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry. `code` is None for unmarked. `happened_at` is when it was made or taken, by the reporter's clock;
    `arrived_at` is when the server accepted it."""

    record: Record
    lesson: Lesson
    by: Signed
    happened_at: datetime
    arrived_at: datetime
    source: str
    student_id: int | None = None
    student: Student | None = None
    kind: str = ""
    from_code: str | None = None
    from_minutes_late: int | None = None
    code: str | None = None
    minutes_late: int | None = None
    reason: str = ""
    note: str = ""
    report_id: UUID | None = None

    @property
    def is_register(self) -> bool:
        return self.record == Record.REGISTER

    @property
    def meaning(self) -> str:
        if self.is_register:
            return ""
        return str(_("Withdrawn: nobody is stated") if self.student_id is None else word(self.code))

    def cells(self, reader: Access) -> list[object]:
        """Returns the cells in the order of COLUMNS; times are local, with their offset."""
        lesson, student = self.lesson, self.student
        name, upn = (student.name, _shown(student.upn, reader.upn_of(student))) if student else (None, None)
        when = (self._local(self.happened_at), self._local(self.arrived_at))
        size = (len(lesson.register.roster), len(lesson.register.unstated)) if self.is_register else ("", "")
        row = (
            *(lesson.date.isoformat(), lesson.pk, lesson.group.name, lesson.subject, lesson.session),
            *(self._local(lesson.starts_at), self.record.value, self.kind, self.student_id, name, upn),
            *(self.from_code, self.from_minutes_late, self.code, self.minutes_late, self.meaning),
            *(self.reason, self.note, self.by.by_name, self.by.by_position, *when, self.source, self.report_id, *size),
        )
        return ["" if value is None else value for value in row]

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(self.lesson.school.time_zone)).isoformat(timespec="seconds")


def _shown(text: str, readable: str) -> str:
    return readable or (str(WITHHELD) if text else "")


def of_lesson(user: User, lesson: Lesson) -> list[Line]:
    """Returns the entries that this user may see of a lesson with a register: the register, an entry for every pupil on
    its roster, in order, and everything that came later, in the order of arrival."""
    merged = merging.existing(lesson)
    named = {*merged.register.roster, *(report.student_id for report in merged.rejected)}
    students = {student.pk: student for student in _students(lesson, named)}
    order = {pk: place for place, pk in enumerate(students)}
    roster = sorted(merged.register.roster, key=lambda pk: order.get(pk, len(order)))
    lines = _of_register(user.access, lesson, merged.marks, merged.amendments, students, roster)
    return [*lines, *(_rejected(report, lesson, students.get(report.student_id)) for report in merged.rejected)]


def _students(lesson: Lesson, named: Iterable[int]) -> Iterable[Student]:
    return Student.objects.filter(school=lesson.school_id, pk__in=named).in_order()


def of_student(user: User, student: Student, first: date, last: date) -> list[Line]:
    """Returns the entries on a pupil that this user may see, from the first to the last day, both included, in the
    order of lessons."""
    own = Q(student=student)
    registers = (
        Register.objects.for_user(user)
        .of_student(student)
        .filter(date__range=(first, last))
        .select_related("lesson__group", "lesson__school")
        .prefetch_related(
            Prefetch("marks", Mark.objects.filter(own)),
            Prefetch("amendments", Amendment.objects.filter(own | Q(student=None))),
        )
    )
    rejected = RejectedReport.objects.filter(
        school=student.school_id, student_id=student.pk, lesson__date__range=(first, last)
    ).select_related("lesson__group", "lesson__school")
    lines = [_rejected(report, report.lesson, student) for report in rejected]
    for register in registers:
        if student.pk in register.roster:
            rows = (register.marks.all(), register.amendments.all())
            lines += _of_register(user.access, register.lesson, *rows, {student.pk: student}, [student.pk])
    return sorted(lines, key=lambda line: (line.lesson.starts_at, line.lesson.pk))


def _of_register(
    reader: Access,
    lesson: Lesson,
    marks: Iterable[Mark],
    amendments: Iterable[Amendment],
    students: Mapping[int, Student],
    roster: Iterable[int],
) -> list[Line]:
    marked = {mark.student_id: mark for mark in marks}
    return [
        _taken(lesson, Record.REGISTER),
        *(_first(pk, lesson, marked.get(pk), students.get(pk)) for pk in roster),
        *(_amended(reader, amendment, lesson, students.get(amendment.student_id or 0)) for amendment in amendments),
    ]


def _taken(lesson: Lesson, record: Record) -> Line:
    """Returns the entry of the completion itself."""
    register = lesson.register
    return Line(
        record=record,
        lesson=lesson,
        by=register,
        happened_at=register.taken_at,
        arrived_at=register.completed_at,
        source=register.source,
    )


def _first(student_id: int, lesson: Lesson, mark: Mark | None, student: Student | None) -> Line:
    if mark:
        return replace(_reported(Record.FIRST_ENTRY, mark, lesson), student=student)
    code = None if student_id in lesson.register.unstated else codes.PRESENT
    return replace(_taken(lesson, Record.FIRST_ENTRY), student_id=student_id, student=student, code=code)


def _amended(reader: Access, amendment: Amendment, lesson: Lesson, student: Student | None) -> Line:
    return Line(
        record=Record.AMENDMENT,
        lesson=lesson,
        by=amendment,
        happened_at=amendment.happened_at,
        arrived_at=amendment.arrived_at,
        source=amendment.source,
        student_id=amendment.student_id,
        student=student,
        kind=amendment.kind,
        from_code=amendment.from_code,
        from_minutes_late=amendment.from_minutes_late,
        code=amendment.to_code,
        minutes_late=amendment.to_minutes_late,
        reason=_shown(amendment.reason, reader.reason_of(amendment)),
        report_id=amendment.report_id,
    )


def _rejected(report: RejectedReport, lesson: Lesson, student: Student | None) -> Line:
    line = _reported(Record.REJECTED, report, lesson)
    return replace(line, student=student, kind=report.reason, reason=report.get_reason_display())


def _reported(record: Record, said: Mark | RejectedReport, lesson: Lesson) -> Line:
    return Line(
        record=record,
        lesson=lesson,
        by=said,
        happened_at=said.reported_at,
        arrived_at=said.arrived_at,
        source="report",
        student_id=said.student_id,
        code=said.code,
        minutes_late=said.minutes_late,
        note=said.note,
        report_id=said.report_id,
    )
