"""A pupil's lessons and entries today, and planned absences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from absences.pupil import reading
from absences.pupil.year import Entry, SchoolYear
from lessons.calendar import school_time
from lessons.models import DeskEntry, Enrolment, Lesson, PlannedAbsence, Student, User


@dataclass(frozen=True)
class Today:
    """A pupil's day. `lessons` are today's, each with its entry if the register was taken; `desk` is for the office
    only. `plans` are today's and later ones, `groups` those that the pupil is in."""

    day: date
    lessons: Sequence[tuple[Lesson, Entry | None]]
    desk: Sequence[DeskEntry]
    plans: Sequence[PlannedAbsence]
    groups: Sequence[str]
    is_on_roll: bool


def of(user: User, student: Student, year: SchoolYear, now: datetime) -> Today:
    """Returns today's facts. `year` is the present school year; with another one, today's lessons have no entries."""
    day = school_time.local_date(student.school.time_zone, now)
    entries = {entry.lesson.pk: entry for entry in year.entries if entry.lesson.date == day}
    lessons = reading.lessons(user, student).filter(date=day).select_related("group").order_by("starts_at", "pk")
    desk = DeskEntry.objects.filter(school=student.school_id, student=student, date=day)
    plans = PlannedAbsence.objects.for_user(user).filter(student=student, last_day__gte=day)
    enrolled = Enrolment.objects.for_user(user).filter(student=student).on(day)
    return Today(
        day,
        [(lesson, entries.get(lesson.pk)) for lesson in lessons],
        list(desk) if user.access.is_office(student.school_id) else [],
        list(plans),
        list(enrolled.order_by("group__name").values_list("group__name", flat=True).distinct()),
        student.on_roll_from <= day and (student.on_roll_until is None or day <= student.on_roll_until),
    )
