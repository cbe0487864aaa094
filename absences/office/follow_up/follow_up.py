"""Absences without a reason: current marks N, to be given one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from absences.registers import amendments
from absences.registers.amendments import Change
from lessons import codes
from lessons.calendar.school_days import Deadline
from lessons.codes import Code
from lessons.errors import NotAllowed, OtherMark
from lessons.models import Amendment, Lesson, Mark, PlannedAbsence, School, Student, User
from lessons.models.planned import plannable

HEAVY = ("register__roster", "register__unstated", "register__counts")


@dataclass(frozen=True)
class Wanted:
    """A query: from the first to the last day, both included, and for which pupils; None means all."""

    first: date
    last: date
    year_group: int | None = None
    group: int | None = None


@dataclass
class PupilDay:
    """A pupil's unexplained marks on a day, by lesson. `open` are those that this user may still amend."""

    student: Student
    day: date
    deadline: Deadline
    lessons: list[Lesson] = field(default_factory=list)
    open: list[Lesson] = field(default_factory=list)
    plan: PlannedAbsence | None = None

    @property
    def key(self) -> str:
        return f"{self.student.pk}-{self.day.isoformat()}"

    @property
    def choices(self) -> Iterable[Code]:
        return explaining(self.lessons[0])

    @property
    def suggested_reason(self) -> str:
        """Returns the reason to offer: that of the planned absence, if there is one."""
        return (self.plan.reason or _("Planned absence")) if self.plan else ""

    @property
    def urgency(self) -> tuple[Any, ...]:
        return (self.deadline.until, self.day)


def explaining(lesson: Lesson) -> Iterable[Code]:
    """Returns the codes that give a reason: those that can be planned."""
    return plannable(lesson.school.nation, lesson.date).values()


def unexplained(school: School, wanted: Wanted) -> list[tuple[Student, Lesson]]:
    """Returns every current mark N, in two queries, in order of time."""
    of: dict[str, Any] = {"register__school": school, "register__date__range": (wanted.first, wanted.last)}
    if wanted.year_group is not None:
        of["student__year_group"] = wanted.year_group
    if wanted.group is not None:
        of["register__group"] = wanted.group
    found: list[tuple[Student, Lesson]] = []
    for rows in (Mark.objects.current(codes.ABSENT), Amendment.objects.current(codes.ABSENT)):
        known = rows.filter(**of).select_related("student", "register__lesson__group").defer(*HEAVY)
        found += [(row.student, row.register.lesson) for row in known if row.student]
    for _student, lesson in found:
        lesson.school = school
    return sorted(found, key=lambda pair: (pair[1].starts_at, pair[1].pk))


def of_school(user: User, school: School, wanted: Wanted, *, now: datetime, today: date) -> list[list[PupilDay]]:
    """Returns each pupil's days, the most urgent pupil first, in a fixed number of queries for any school."""
    found = unexplained(school, wanted)
    planned = PlannedAbsence.objects.of(lesson for _, lesson in found)
    calendar = school.school_days(wanted.first, today) if found else None
    deadlines = {day: calendar.deadline(day) for day in {lesson.date for _, lesson in found}} if calendar else {}
    days: dict[tuple[int, date], PupilDay] = {}
    for student, lesson in found:
        entry = PupilDay(student, lesson.date, deadlines[lesson.date])
        entry = days.setdefault((student.pk, lesson.date), entry)
        entry.lessons.append(lesson)
        if user.access.may_amend(lesson, now):
            entry.open.append(lesson)
        entry.plan = entry.plan or planned[lesson.pk].get(student.pk)
    return _by_pupil(days.values())


def _by_pupil(days: Iterable[PupilDay]) -> list[list[PupilDay]]:
    of_pupil: dict[int, list[PupilDay]] = {}
    for each in sorted(days, key=lambda each: each.urgency):
        of_pupil.setdefault(each.student.pk, []).append(each)

    def order(days: Sequence[PupilDay]) -> tuple[Any, ...]:
        student = days[0].student
        return (*days[0].urgency, student.sort_name, student.legal_name, student.pk)

    return sorted(of_pupil.values(), key=order)


@dataclass(frozen=True)
class Explained:
    """The result. `done` are the lessons with this reason now, from this user or another; `otherwise` are lessons that
    have another code now, with that code; `closed` are those too old to amend."""

    done: Sequence[Lesson]
    otherwise: Mapping[Lesson, str | None]
    closed: Sequence[Lesson]


def explain(
    user: User, student: Student, lessons: Iterable[Lesson], code: str, reason: str, *, now: datetime
) -> Explained:
    """Gives a pupil's N in each of these lessons a reason, as an amendment. A mark that is no longer N is left alone,
    so that repeating is safe. Raises Unprocessable if the pupil is not on the roster."""
    done: list[Lesson] = []
    otherwise: dict[Lesson, str | None] = {}
    closed: list[Lesson] = []
    change = Change(student_id=student.pk, code=code, reason=reason, expected_code=codes.ABSENT)
    for lesson in lessons:
        try:
            amendments.amend(user, lesson.pk, [change], now=now, source="page")
        except OtherMark as other:
            if other.mark["code"] != code:
                otherwise[lesson] = other.mark["code"]
                continue
        except NotAllowed:
            closed.append(lesson)
            continue
        done.append(lesson)
    return Explained(done, otherwise, closed)
