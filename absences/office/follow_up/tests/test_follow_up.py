"""Listing absences without a reason, and giving them one."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from absences.office.follow_up import follow_up
from absences.office.follow_up.follow_up import Wanted
from lessons.database.purge import lawful_purge
from lessons.factories import EnrolmentFactory, LessonFactory, PlannedAbsenceFactory, StudentFactory
from lessons.models import Amendment, Lesson, School, Student, User
from lessons.registers.state import state_of
from lessons.tests.registers import amend, take, void

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY = date(2026, 9, 14)
WEEK = Wanted(MONDAY, MONDAY + timedelta(days=6))


def unexplained(school: School) -> set[tuple[int, int]]:
    return {(student.pk, lesson.pk) for student, lesson in follow_up.unexplained(school, WEEK)}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(st.sampled_from(["", "N", "I"]), min_size=2, max_size=2),
    history=st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["N", "I", "/", "L", "void"])), max_size=5),
)
def test_it_is_what_stands(
    lesson: Lesson, students: list[Student], first: list[str], history: list[tuple[int, str]]
) -> None:
    """SQL gives the same result as applying the amendments."""
    pair = students[:2]
    register = take(lesson, absent={student: code for student, code in zip(pair, first, strict=True) if code})
    for who, what in history:
        if what == "void":
            void(register)
        else:
            amend(register, pair[who], None, what)
    stands = state_of(register, nation="england")
    assert unexplained(lesson.school) == {(pk, lesson.pk) for pk, mark in stands.marks.items() if mark.code == "N"}
    with lawful_purge("The next history is another one"):
        for rows in (register.marks, register.amendments):
            rows.all()._raw_delete("default")
        type(register).objects.all()._raw_delete("default")


def test_other_schools_and_other_days_are_not_asked(lesson: Lesson, students: list[Student]) -> None:
    other = LessonFactory.create(students=1)
    take(other, absent={Student.objects.get(school=other.school): "N"})
    later = LessonFactory.create(group=lesson.group, date=MONDAY + timedelta(days=7))
    take(later, absent={students[0]: "N"})
    assert unexplained(lesson.school) == set()


def test_the_most_urgent_pupil_comes_first(
    office: User, school: School, lesson: Lesson, students: list[Student], now: datetime
) -> None:
    ava, ben = students[:2]
    friday = LessonFactory.create(group=lesson.group, date=MONDAY - timedelta(days=3))
    take(friday, absent={ben: "N"})
    take(lesson, absent={ava: "N", ben: "N"})
    second = LessonFactory.create(group=lesson.group, start_time=time(11), end_time=time(12))
    take(second, absent={ben: "N"})
    plan = PlannedAbsenceFactory.create(student=ben)
    wanted = Wanted(MONDAY - timedelta(days=7), MONDAY)
    days = follow_up.of_school(office, school, wanted, now=now, today=MONDAY)
    assert [[(each.student, each.day, len(each.lessons)) for each in pupil] for pupil in days] == [
        [(ben, friday.date, 1), (ben, MONDAY, 2)],
        [(ava, MONDAY, 1)],
    ]
    assert [each.plan for each in days[0]] == [None, plan]
    assert [each.deadline.left for each in days[0]] == [4, 5]


def test_a_filter_by_year_and_by_group(school: School, lesson: Lesson, students: list[Student]) -> None:
    older = StudentFactory.create(school=school, year_group=11)
    EnrolmentFactory.create(group=lesson.group, student=older)
    take(lesson, absent={students[0]: "N", older: "N"})
    of_year = follow_up.unexplained(school, Wanted(MONDAY, MONDAY, year_group=11))
    assert [student for student, _ in of_year] == [older]
    assert len(follow_up.unexplained(school, Wanted(MONDAY, MONDAY, group=lesson.group_id))) == 2
    assert follow_up.unexplained(school, Wanted(MONDAY, MONDAY, group=lesson.group_id + 1)) == []


def test_the_number_of_queries_is_fixed(
    office: User, school: School, lesson: Lesson, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _ = office.access
    for hour, size in ((9, 3), (11, 12)):
        each = LessonFactory.create(group__school=school, students=size, start_time=time(hour), end_time=time(hour + 1))
        roster = Student.objects.enrolled(each.group_id, each.date)
        register = take(each, absent=dict.fromkeys(roster, "N"))
        amend(register, roster[0], "N", "N")
        with django_assert_num_queries(5):
            follow_up.of_school(office, school, WEEK, now=now, today=MONDAY)


def test_a_reason_is_an_amendment_and_twice_is_once(office: User, lesson: Lesson, students: list[Student]) -> None:
    take(lesson, absent={students[0]: "N"})
    now = lesson.starts_at + timedelta(hours=3)
    for _ in range(2):
        said = follow_up.explain(office, students[0], [lesson], "I", "Mother rang", now=now)
        assert (said.done, said.otherwise, said.closed) == ([lesson], {}, [])
    made = Amendment.objects.get()
    assert (made.kind, made.from_code, made.to_code, made.reason) == ("correction", "N", "I", "Mother rang")
    assert (made.by_name, made.by_position, made.source) == ("Olive Grant", "Office", "page")


def test_what_stands_otherwise_is_left(office: User, lesson: Lesson, students: list[Student]) -> None:
    amend(take(lesson, absent={students[0]: "N"}), students[0], "N", "L")
    now = lesson.starts_at + timedelta(hours=3)
    said = follow_up.explain(office, students[0], [lesson], "I", "Mother rang", now=now)
    assert (said.done, said.otherwise) == ([], {lesson: "L"})
    assert Amendment.objects.count() == 1


def test_where_the_time_for_amending_is_over(office: User, lesson: Lesson, students: list[Student]) -> None:
    take(lesson, absent={students[0]: "N"})
    School.objects.update(office_amendment_window=1)
    late = lesson.starts_at + timedelta(days=3)
    [[day]] = follow_up.of_school(office, School.objects.get(), WEEK, now=late, today=MONDAY + timedelta(days=3))
    assert (len(day.lessons), day.open) == (1, [])
    said = follow_up.explain(office, students[0], [lesson], "I", "Mother rang", now=late)
    assert (said.done, said.closed) == ([], [lesson])
