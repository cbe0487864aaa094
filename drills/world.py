"""The people, and the lessons that they race for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from django.utils import timezone

from absences.reporting.tickets import Claims
from absences.store.reports import Reporter
from absences.store.sheets import Key
from lessons import codes
from lessons.calendar import school_time
from lessons.factories import SchoolFactory, StudentFactory, person
from lessons.models import Enrolment, Group, Lesson, LessonStaff, Role, School, Student, User

CLASS_SIZE = 6


@dataclass(frozen=True)
class World:
    """One school: two teachers for every lesson, an office user, an integrator, and a class."""

    school: School
    teachers: Sequence[User]
    office: User
    integrator: User
    roster: Sequence[int]

    @property
    def reporters(self) -> list[User]:
        return [*self.teachers, self.integrator]

    def lessons(self, count: int) -> list["Race"]:
        """Returns `count` lessons to take now."""
        day = _today(self.school)
        groups = Group.objects.bulk_create(Group(school=self.school, name=f"7-{index}") for index in range(count))
        Enrolment.objects.bulk_create(
            Enrolment(school=self.school, student_id=student, group=group, starts_on=date(2020, 9, 1))
            for group in groups
            for student in self.roster
        )
        # They start just after midnight, so that they can be taken at any hour of the day.
        lessons = Lesson.objects.bulk_create(
            Lesson(
                school=self.school, group=group, date=day, start_time=time(0, 1), end_time=time(23, 59)
            ).set_instants()
            for group in groups
        )
        LessonStaff.objects.bulk_create(
            LessonStaff(school=self.school, lesson=lesson, user=teacher)
            for lesson in lessons
            for teacher in self.teachers
        )
        return [Race(self, lesson.pk) for lesson in lessons]


@dataclass(frozen=True)
class Race:
    """One lesson that processes race for."""

    world: World
    lesson_id: int

    @property
    def key(self) -> Key:
        return Key(self.world.school.pk, self.lesson_id)

    def claims(self, user: User) -> Claims:
        """Returns a user's claims as a ticket has them; an integrator reports without one."""
        by = Reporter(user.pk, user.name, "Staff", _role(self.world, user).value)
        allowed = frozenset({codes.PRESENT, codes.ABSENT, codes.LATE, codes.LATE_AFTER_CLOSING})
        if user == self.world.integrator:
            return Claims(by, self.world.school.pk, allowed)
        return Claims(by, self.world.school.pk, allowed, self.lesson_id, frozenset(self.world.roster))


def make() -> World:
    # A window of days, so that a drill that runs past midnight is not too late.
    school = SchoolFactory.create(amendment_window=30)
    return World(
        school=school,
        teachers=[person(school, Role.TEACHER, f"drill-{school.pk}-{name}", name=name) for name in ("Alice", "Bob")],
        office=person(school, Role.OFFICE, f"drill-{school.pk}-olive", name="Olive"),
        integrator=person(school, Role.INTEGRATOR, f"drill-{school.pk}-system", name="System"),
        roster=sorted(student.pk for student in _students(school)),
    )


def _students(school: School) -> list[Student]:
    return StudentFactory.create_batch(CLASS_SIZE, school=school)


def _today(school: School) -> date:
    return school_time.local_date(school.time_zone, timezone.now())


def _role(world: World, user: User) -> Role:
    return Role.INTEGRATOR if user == world.integrator else Role.TEACHER
