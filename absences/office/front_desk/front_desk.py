"""The front desk: pupils who arrive late or leave early. Signing in reports the arrival to the registers too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from absences.registers import arrivals
from lessons import codes
from lessons.calendar import school_time
from lessons.errors import Conflict, StoreUnavailable
from lessons.models import DeskEntry, Lesson, School, Student, User
from lessons.models.base import signature

SAME_ENTRY_WITHIN = timedelta(minutes=1)  # an entry repeated this soon is the same one


@dataclass(frozen=True)
class Told:
    """A lesson's mark for a pupil now. `late` with a code of arrival; `unknown` if the register could not be
    reached."""

    lesson: Lesson
    code: str | None
    unknown: bool = False

    @property
    def late(self) -> bool:
        return self.code in codes.ARRIVAL_CODES


def entries(school: School, day: date) -> QuerySet[DeskEntry]:
    """Returns the day's entries, newest first."""
    return DeskEntry.objects.filter(school=school, date=day).select_related("student").order_by("-at", "-pk")


def enter(
    user: User, student: Student, direction: DeskEntry.Direction, note: str, *, now: datetime
) -> tuple[DeskEntry, bool]:
    """Returns the entry, and whether it is new. A repetition within a minute is the same one, unless an entry the other
    way came in between."""
    with transaction.atomic():
        Student.objects.select_for_update().get(pk=student.pk)
        newest = DeskEntry.objects.filter(student=student).order_by("-at", "-pk").first()
        if newest and newest.direction == direction and newest.at > now - SAME_ENTRY_WITHIN:
            return newest, False
        entry = DeskEntry.objects.create(
            school_id=student.school_id,
            student=student,
            date=school_time.local_date(student.school.time_zone, now),
            direction=direction,
            at=now,
            note=note,
            **signature(user, student.school_id),
        )
        return entry, True


def tell_registers(user: User, student: Student, *, now: datetime) -> list[Told]:
    """Reports a pupil's arrival to the registers that expect the pupil: of the lesson in progress, and of the session.
    Safe to repeat; a register that cannot be reached is returned as unknown."""
    return [_tell(user, lesson, student, now) for lesson in waiting(student, now)]


def waiting(student: Student, now: datetime) -> list[Lesson]:
    """Returns a pupil's lessons in progress, and, until the school day ends, the session that began last, because it
    counts for the whole morning or afternoon."""
    day = school_time.local_date(student.school.time_zone, now)
    lessons = [each for each in Lesson.objects.of_student(student.pk, day).with_register() if _expects(each, student)]
    begun = [lesson for lesson in lessons if lesson.starts_at <= now]
    running = [lesson for lesson in begun if now < lesson.ends_at]
    sessions = [lesson for lesson in begun if lesson.session]
    is_on = any(now < lesson.ends_at for lesson in lessons)
    return [lesson for lesson in begun if lesson in running or (is_on and lesson in sessions[-1:])]


def _expects(lesson: Lesson, student: Student) -> bool:
    """Returns whether the pupil is on the register; not one who joined the group after it was taken."""
    return not lesson.is_completed or student.pk in lesson.register.roster


def _tell(user: User, lesson: Lesson, student: Student, now: datetime) -> Told:
    try:
        if lesson.is_completed:
            return Told(lesson, arrivals.arrive(user, lesson, student.pk, now=now).code_of(student.pk))
        return Told(lesson, arrivals.announce(user, lesson, student.pk, now=now))
    except (StoreUnavailable, Conflict):
        return Told(lesson, None, unknown=True)
