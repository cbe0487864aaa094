"""The board: the state of a school's registers today, for the office.

It shows today's lessons that are not cancelled and have somebody enrolled in their group.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from absences.store import marks
from lessons.calendar import school_time
from lessons.errors import FieldError, InvalidInput
from lessons.models import Amendment, Enrolment, Lesson, Notice, PlannedAbsence, Register, School, Student
from lessons.models.timetable import Session
from lessons.prepared import prepared
from lessons.registers.state import state_of

log = logging.getLogger(__name__)

NOW, DAY = "now", "day"
# The states of a register, in the order in which the office needs them: late is not taken although it has closed, open
# has marks already, later has not begun.
STATES = {
    "late": pgettext_lazy("registers", "Late"),
    "due": pgettext_lazy("registers", "Due"),
    "open": pgettext_lazy("registers", "Open"),
    "taken": pgettext_lazy("registers", "Taken"),
    "later": pgettext_lazy("registers", "Later"),
}
FRESH = 60  # seconds: how late changes show that have no counter (marks, plans, the timetable, the clock)


@dataclass(frozen=True)
class BoardPeriod:
    """A part of today: `now` means the lessons in progress, and earlier ones that were not taken; a session; the
    lessons that start at a time; or the whole day."""

    key: str

    @classmethod
    def read(cls, given: str) -> BoardPeriod:
        """Returns the period named by a parameter. Raises InvalidInput."""
        with suppress(ValueError):
            if given in (NOW, DAY, *Session) or given == f"{time.fromisoformat(given):%H:%M}":
                return cls(given)
        text = _("A period is now, day, AM, PM or the time at which lessons start, such as 09:00.")
        raise InvalidInput([FieldError("/period", "invalid", text)])

    @property
    def title(self) -> str:
        named = {NOW: _("Now"), DAY: _("The whole day"), **{str(key): str(name) for key, name in Session.choices}}
        return named.get(self.key, self.key)

    def chosen(self, now: datetime) -> Q:
        if self.key == NOW:
            return Q(starts_at__lte=now) & (Q(ends_at__gt=now) | Q(register__isnull=True))
        if self.key == DAY:
            return Q()
        if self.key in Session:
            return Q(session=self.key)
        return Q(start_time=time.fromisoformat(self.key))


@dataclass(frozen=True)
class BoardRow:
    """A lesson on the board. `marked` is None if unknown. `reminded` is when the teacher was reminded, unless that is
    done."""

    lesson: Lesson
    state: str
    total: int
    marked: int | None = None
    reminded: datetime | None = None

    @property
    def may_remind(self) -> bool:
        return self.state in ("late", "due", "open") and not self.reminded


@dataclass(frozen=True)
class Unstated:
    """A pupil left unmarked in these registers; `plan` if the absence was planned."""

    student: Student
    lessons: Sequence[Lesson]
    plan: PlannedAbsence | None


@dataclass(frozen=True)
class Board:
    """The board of a period. `sections` are (state, title, rows), none of them empty; `marks_known` is false without
    MongoDB."""

    school: School
    day: date
    period: BoardPeriod
    sections: Sequence[tuple[str, str, Sequence[BoardRow]]]
    counts: Mapping[str, int]
    marks_known: bool
    unstated: Sequence[Unstated]
    notices: Sequence[Notice]

    @property
    def tally(self) -> list[tuple[str, str, int]]:
        return [(state, str(title), self.counts[state]) for state, title in STATES.items()]

    @property
    def said(self) -> str:
        """Returns the numbers as a screen reader says them."""
        return ", ".join(f"{title}: {self.counts[state]}" for state, title in STATES.items() if self.counts[state])


def version(school: School, now: datetime) -> str:
    """Returns a text that changes whenever the board does: at once with the record and with notices, otherwise within a
    minute. One statement, which reads counters and the few open notices, but no lessons, registers or sheets. A
    reminder counts until it is deleted (`lessons/database/expiry.py`)."""
    [counted] = _counted(school.pk)
    parts = (school.pk, counted.last_number, counted.waiting, counted.newest, int(now.timestamp()) // FRESH)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


@prepared
def _counted(school_id: int) -> QuerySet[Any]:
    waiting = Notice.objects.filter(school=OuterRef("pk"), done_at=None).order_by().values("school")
    counts = {
        "last_number": F("feedcounter__last_number"),
        "waiting": Subquery(waiting.annotate(number=Count("pk")).values("number")),
        "newest": Subquery(waiting.annotate(newest=Max("pk")).values("newest")),
    }
    return School.objects.filter(pk=school_id).annotate(**counts).only("pk")


def periods(school: School, now: datetime) -> list[BoardPeriod]:
    """Returns today's periods to choose from."""
    lessons = Lesson.objects.scheduled().filter(school=school, date=_today(school, now))
    starts = lessons.order_by("start_time").values_list("start_time", flat=True).distinct()
    keys = (NOW, DAY, *Session.values, *(f"{start:%H:%M}" for start in starts))
    return [BoardPeriod(key) for key in keys]


def of(school: School, period: BoardPeriod, now: datetime) -> Board:
    """Returns the board. The number of queries does not depend on the school."""
    day = _today(school, now)
    rows, known = _rows(school, day, period, now)
    counts = Counter(row.state for row in rows)
    sections = [(state, str(STATES[state]), [row for row in rows if row.state == state]) for state in STATES]
    return Board(
        school=school,
        day=day,
        period=period,
        sections=[section for section in sections if section[2]],
        counts={state: counts[state] for state in STATES},
        marks_known=known,
        unstated=_unstated(school, day),
        notices=list(Notice.objects.to_office(school.pk).open().select_related("lesson__group", "student")),
    )


def _today(school: School, now: datetime) -> date:
    return school_time.local_date(school.time_zone, now)


def _rows(school: School, day: date, period: BoardPeriod, now: datetime) -> tuple[list[BoardRow], bool]:
    chosen = Lesson.objects.scheduled().filter(period.chosen(now), school=school, date=day)
    enrolled = Enrolment.objects.filter(group=OuterRef("group")).on(day).order_by().values("group")
    total = Coalesce(Subquery(enrolled.annotate(total=Count("student", distinct=True)).values("total")), 0)
    reminders = Notice.objects.open().filter(lesson=OuterRef("pk"), kind=Notice.Kind.REMINDER).order_by("made_at")
    facts: dict[str, Any] = {"total": total, "reminded": Subquery(reminders.values("made_at")[:1])}
    known: list[Any] = list(chosen.with_people().annotate(**facts))
    lessons = [each for each in known if each.total]
    marked = marks.if_known(marks.count_by_lesson, [each for each in lessons if not each.is_completed])
    rows = []
    for lesson in lessons:
        lesson.school = school
        number = marked.get(lesson.pk, 0) if marked is not None else None
        rows.append(BoardRow(lesson, _state(lesson, number, now), lesson.total, number, lesson.reminded))
    return rows, marked is not None


def _state(lesson: Lesson, marked: int | None, now: datetime) -> str:
    if lesson.is_completed:
        return "taken"
    if now < lesson.starts_at:
        return "later"
    if now > lesson.closes_at:
        return "late"
    return "open" if marked else "due"


def _unstated(school: School, day: date) -> list[Unstated]:
    """Returns pupils unmarked in today's registers; those with an unconfirmed plan come first."""
    voided = Amendment.objects.filter(kind=Amendment.Kind.VOID, register__school=school, register__date=day)
    registers = Register.objects.filter(~Q(unstated=[]) | Q(pk__in=voided.values("register")), school=school, date=day)
    lessons: dict[int, list[Lesson]] = {}
    found = registers.select_related("lesson__group").prefetch_related("marks", "amendments")
    for register in found.order_by("lesson__starts_at", "pk"):
        for student in state_of(register, nation=school.nation).unstated:
            lessons.setdefault(student, []).append(register.lesson)
    planned = PlannedAbsence.objects.of({lesson for each in lessons.values() for lesson in each})
    students = Student.objects.in_order().filter(school=school, pk__in=lessons)
    every = [
        Unstated(student, of_student, next((planned[each.pk].get(student.pk) for each in of_student), None))
        for student in students
        for of_student in [lessons[student.pk]]
    ]
    return sorted(every, key=lambda each: each.plan is None)
