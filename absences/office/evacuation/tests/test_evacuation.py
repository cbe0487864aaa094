"""In a fire: the pupils in school, by their last report."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from absences.office.evacuation import evacuation
from absences.office.evacuation.evacuation import House, Pupil, Word
from absences.tests.pages import statements
from lessons.factories import (
    EnrolmentFactory,
    GroupFactory,
    LessonFactory,
    PlannedAbsenceFactory,
    SchoolFactory,
    StudentFactory,
)
from lessons.models import DeskEntry, Lesson, School, Student
from lessons.tests.registers import amend, take, void

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 9, 14, 10, 30, tzinfo=UTC)  # 11:30 on the school's clocks
HOUR = timedelta(hours=1)


@pytest.fixture
def later(lesson: Lesson) -> Lesson:
    """Returns the same pupils' next lesson, in progress now."""
    made: Lesson = LessonFactory.create(group=lesson.group, start_time=time(11), end_time=time(12), room="Lab 2")
    return made


@pytest.fixture
def ava(students: list[Student]) -> Student:
    return students[0]


def house(school: School) -> House:
    return evacuation.of_school(school, NOW)


def of(student: Student) -> Pupil:
    return next(each for each in house(student.school).everybody.pupils if each.student == student)


def stands(student: Student) -> tuple[str, str | None, str | None]:
    """Returns where the student is, in which room, and where before; the front desk has no lesson."""
    found = of(student)
    return (found.whereabouts.value, room(found.last), room(found.seen))


def room(word: Word | None) -> str | None:
    if word is None:
        return None
    return word.lesson.room if word.lesson else "desk"


def desk(student: Student, direction: str, at: datetime) -> None:
    DeskEntry.objects.create(
        school=student.school, student=student, date=at.date(), direction=direction, at=at, by_name="Olive Grant"
    )


def test_nothing_is_known(ava: Student) -> None:
    assert stands(ava) == ("unknown", None, None)


def test_the_latest_register_counts(lesson: Lesson, later: Lesson, ava: Student) -> None:
    take(lesson)
    assert stands(ava) == ("in", "M3", None)
    take(later)
    assert stands(ava) == ("in", "Lab 2", None)


def test_who_was_there_and_is_not_any_more(lesson: Lesson, later: Lesson, ava: Student) -> None:
    take(lesson)
    take(later, absent={ava: "N"})
    assert stands(ava) == ("absent", "Lab 2", "M3")


@pytest.mark.parametrize(
    ("code", "where"),
    [("L", "in"), ("U", "in"), ("N", "absent"), ("I", "absent"), ("G", "absent"), ("V", "away"), ("D", "away")],
)
def test_every_kind_of_code(code: str, where: str, lesson: Lesson, ava: Student) -> None:
    take(lesson, absent={ava: code})
    assert stands(ava) == (where, "M3", None)


def test_a_correction_stands(lesson: Lesson, ava: Student) -> None:
    amend(take(lesson, absent={ava: "N"}), ava, "N", "/")
    assert stands(ava) == ("in", "M3", None)


def test_what_is_withdrawn_says_nothing(lesson: Lesson, later: Lesson, ava: Student) -> None:
    take(lesson)
    void(take(later))
    assert stands(ava) == ("in", "M3", None)


def test_who_was_not_stated_is_where_she_was(lesson: Lesson, later: Lesson, ava: Student) -> None:
    take(lesson)
    take(later, unstated=[ava.pk])
    assert stands(ava) == ("in", "M3", None)


def test_signed_out_and_in_again(lesson: Lesson, ava: Student) -> None:
    take(lesson)
    desk(ava, "out", lesson.ends_at)
    assert stands(ava) == ("out", "desk", "M3")
    desk(ava, "in", lesson.ends_at + HOUR)
    assert stands(ava) == ("in", "desk", None)


def test_back_in_a_lesson_after_the_desk(lesson: Lesson, later: Lesson, ava: Student) -> None:
    desk(ava, "out", lesson.ends_at)
    take(later)
    assert stands(ava) == ("in", "Lab 2", None)


def test_a_register_taken_after_its_lesson_says_nothing_of_later(lesson: Lesson, ava: Student) -> None:
    desk(ava, "out", lesson.ends_at + timedelta(minutes=1))
    take(lesson, taken_at=lesson.ends_at + HOUR)
    assert stands(ava) == ("out", "desk", "M3")


def test_who_was_seen_coming_in_is_in(lesson: Lesson, ava: Student) -> None:
    """Although the register was taken before she left past the front desk."""
    register = take(lesson, absent={ava: "N"})
    desk(ava, "out", register.taken_at + timedelta(minutes=5))
    at = register.taken_at + timedelta(minutes=10)
    amend(register, ava, "N", "L", kind="arrival", happened_at=at, arrived_at=at)
    assert stands(ava) == ("in", "M3", None)


@pytest.mark.parametrize("wrong", [-2 * HOUR, -HOUR, HOUR])
@pytest.mark.parametrize(("out_after", "where"), [(5, "in"), (15, "out")])
def test_an_arrival_from_a_device_whose_clock_is_wrong(
    wrong: timedelta, out_after: int, where: str, lesson: Lesson, ava: Student
) -> None:
    register = take(lesson, absent={ava: "N"})
    desk(ava, "out", register.taken_at + timedelta(minutes=out_after))
    at = register.taken_at + timedelta(minutes=10)
    amend(register, ava, "N", "L", kind="arrival", happened_at=at + wrong, arrived_at=at)
    assert stands(ava)[0] == where


def test_an_absence_that_is_planned(ava: Student, lesson: Lesson) -> None:
    assert not of(ava).planned
    plan = PlannedAbsenceFactory.create(student=ava, until_time=time(11))
    assert not of(ava).planned, "it is over"
    plan.until_time = time(12)
    plan.save()
    assert of(ava).planned
    take(lesson)
    assert not of(ava).planned


def test_only_who_is_on_roll_in_this_school_today(school: School, ava: Student) -> None:
    left = StudentFactory.create(school=school, left=True)
    foreign = StudentFactory.create(school=SchoolFactory.create())
    found = {pupil.student for pupil in house(school).everybody.pupils}
    assert (ava in found, left in found, foreign in found) == (True, False, False)


def test_by_year_group_and_the_group_of_registration(school: School) -> None:
    maths, tutor, other = (GroupFactory.create(school=school, name=name) for name in ("7 Maths", "7Z", "7A"))
    LessonFactory.create(group=maths, start_time=time(8))
    LessonFactory.create(group=tutor, morning=True)
    seven, other_seven, lone = StudentFactory.create_batch(3, school=school, year_group=7)
    eight = StudentFactory.create(school=school, year_group=8)
    for group, student in ((maths, seven), (other, seven), (tutor, seven), (other, other_seven), (maths, eight)):
        EnrolmentFactory.create(group=group, student=student)
    years = house(school).years
    assert [
        (year.title, [(group.title, [each.student for each in group.pupils]) for group in year.groups])
        for year in years
    ] == [(7, [(other, [other_seven]), (tutor, [seven]), (None, [lone])]), (8, [(maths, [eight])])]


def test_counts(school: School, lesson: Lesson, later: Lesson, students: list[Student]) -> None:
    take(lesson, absent={students[0]: "N"})
    desk(students[1], "out", lesson.ends_at)
    found = house(school)
    assert dict(found.everybody.counts) == {"in": 2, "out": 1, "absent": 1, "away": 0, "unknown": 0}
    assert list(found.untaken) == [later]


def test_the_queries_do_not_grow(school: School, lesson: Lesson, later: Lesson, students: list[Student]) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            house(school)
        return len(statements(queries))

    take(lesson, absent={students[0]: "N"})
    few = asked()
    for number in range(3):
        more = LessonFactory.create(group=GroupFactory.create(school=school), students=4, room=f"R{number}")
        take(more)
    assert few == asked() == 8
