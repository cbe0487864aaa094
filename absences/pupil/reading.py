"""Reads a pupil's school year from SQL, in a fixed number of queries. No objects are made of register rows, because
there may be 1,400 of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache

from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.functions import Cast

from absences.pupil.year import Entry, Lesson, SchoolYear
from lessons import codes
from lessons.calendar import school_time
from lessons.calendar.school_days import SATURDAY
from lessons.models import Amendment, Enrolment, Group, Mark, Register, Student, User
from lessons.models import Lesson as LessonRow
from lessons.models.register import RegisterQuerySet
from lessons.models.timetable import LessonQuerySet
from lessons.registers.state import state_of

LESSON = ("pk", "date", "start_time", "session", "subject", "group", "group__name")
OF_REGISTER = ("pk", "date", "lesson__start_time", "session", "lesson__subject", "group", "group__name")
REST = ("by_name", "by_position", "roster_text", "unstated_text")


def is_whole(user: User, student: Student) -> bool:
    """Returns whether this user sees all of the pupil's lessons; teachers see only their own."""
    return student.school_id in user.access.whole_schools()


def of(user: User, student: Student, year: int, now: datetime) -> SchoolYear:
    """Returns a pupil's school year up to today, as far as this user may see it. Needs only SQL."""
    first, last = school_time.school_year_dates(year)
    until = min(last, school_time.local_date(student.school.time_zone, now))
    days = (first, until)
    seen = Register.objects.for_user(user).of_student(student).filter(date__range=days)
    entries = sorted(_entries(seen, student), key=_order)
    due = lessons(user, student).filter(date__range=days, starts_at__lte=now, register__isnull=True)
    untaken = [Lesson(*row) for row in due.values_list(*LESSON)]
    known = {entry.lesson.date for entry in entries} | {lesson.date for lesson in untaken}
    open_days = frozenset(_open_days(student, days, known)) if is_whole(user, student) else frozenset[date]()
    return SchoolYear(year, first, last, until, entries, untaken, open_days)


def lessons(user: User, student: Student) -> LessonQuerySet:
    """Returns lessons of the groups that the pupil belongs to on their day. Filters by group alone: with the school
    too, SQLite would scan all the school's lessons."""
    groups = list(Group.objects.for_user(user).filter(enrolments__student=student).values_list("pk", flat=True))
    enrolled = Enrolment.objects.filter(student=student, group=OuterRef("group")).on(OuterRef("date"))
    found = LessonRow.objects.scheduled().filter(Exists(enrolled), group__in=groups)
    return found if is_whole(user, student) else found.filter(staff__user=user)


def _order(entry: Entry) -> tuple[date, time, int]:
    return (entry.lesson.date, entry.lesson.start_time, entry.lesson.pk)


def _open_days(student: Student, days: tuple[date, date], known: Container[date]) -> Iterator[date]:
    """Yields weekdays without an entry on which somebody in the school had lessons. Holidays have no lessons."""
    first, last = days
    all_days = (first + timedelta(number) for number in range((last - first).days + 1))
    unknown = [day for day in all_days if day.weekday() < SATURDAY and day not in known]
    rows = LessonRow.objects.scheduled().filter(school=student.school_id, date__in=unknown)
    yield from rows.order_by().values_list("date", flat=True).distinct()


def _entries(seen: RegisterQuerySet, student: Student) -> Iterator[Entry]:
    """Yields entries in no particular order. The roster decides which registers are the pupil's."""
    marks, amendments = _said(seen, student)
    names = cache(lambda text: student.pk in json.loads(text))  # most registers of a group have the same roster
    as_text = {f"{name}_text": Cast(name, TextField()) for name in ("roster", "unstated")}
    for *facts, by_name, by_position, roster, unstated in (
        seen.order_by().annotate(**as_text).values_list(*OF_REGISTER, *REST)
    ):
        if names(roster):
            lesson, mark = Lesson(*facts), marks.get(facts[0])
            first = mark.code if mark else None if names(unstated) else codes.PRESENT
            later = amendments.get(lesson.pk, ())
            code, minutes = _stands(student, lesson, first, mark, later)
            yield Entry(lesson, code, minutes, first, mark, later, by_name, by_position)


def _said(seen: RegisterQuerySet, student: Student) -> tuple[Mapping[int, Mark], Mapping[int, Sequence[Amendment]]]:
    """Returns marks and amendments by register: those about the pupil, and voids, which concern everybody."""
    ids = seen.order_by().values("pk")
    amendments: dict[int, list[Amendment]] = defaultdict(list)
    about = Q(student=student) | Q(student=None)
    for each in Amendment.objects.filter(about, register__in=ids).order_by("pk"):
        amendments[each.register_id].append(each)
    marks = Mark.objects.filter(student=student, register__in=ids)
    return {mark.register_id: mark for mark in marks}, amendments


def _stands(
    student: Student, lesson: Lesson, first: str | None, mark: Mark | None, amendments: Sequence[Amendment]
) -> tuple[codes.Code | None, int | None]:
    """Returns the pupil's current code, computed like any register's if it was amended."""
    known = codes.code_set(student.school.nation, lesson.date)
    if not amendments:
        return (None if first is None else known.get(first)), mark.minutes_late if mark else None
    unstated = [student.pk] if first is None else []
    alone = Register(date=lesson.date, roster=[student.pk], unstated=unstated)
    marks = [mark] if mark else []
    found = state_of(alone, nation=student.school.nation, marks=marks, amendments=amendments)
    code = found.code_of(student.pk)
    return (None if code is None else known.get(code)), found.minutes_of(student.pk)
