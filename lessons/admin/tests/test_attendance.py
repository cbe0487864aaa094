"""A student's attendance at a glance, on her page in the admin."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from lessons.admin.attendance import glance
from lessons.factories import EnrolmentFactory, GroupFactory, LessonFactory, StudentFactory, person
from lessons.models import Group, Lesson, Role, Student
from lessons.registers.rates import Figures
from lessons.tests.registers import amend, take, void

pytestmark = pytest.mark.django_db


@pytest.fixture
def ava() -> Student:
    return StudentFactory.create(legal_name="Ava Lee")


@pytest.fixture
def group(ava: Student) -> Group:
    return EnrolmentFactory.create(student=ava, group__school=ava.school, starts_on=date(2026, 9, 1)).group


def lesson(group: Group, day: int = 0, **fields: Any) -> Lesson:
    return LessonFactory.create(group=group, date=date(2026, 9, 14) + timedelta(days=day), **fields)


def test_a_register_without_a_mark_is_attended(ava: Student, group: Group) -> None:
    take(lesson(group))
    figures = glance(ava, 2026).by_lesson
    assert (figures.possible, figures.attended, figures.absent) == (1, 1, 0)


def test_every_class_counts_as_it_should(ava: Student, group: Group) -> None:
    for day, code in enumerate(["N", "I", "L", "V", "D"]):
        take(lesson(group, day), absent={ava: code})
    figures = glance(ava, 2026).by_lesson
    assert (figures.possible, figures.attended, figures.absent, figures.not_possible) == (4, 2, 2, 1)
    assert figures.attendance_rate == 0.5


def test_an_amendment_counts_and_not_the_first_mark(ava: Student, group: Group) -> None:
    amend(take(lesson(group), absent={ava: "N"}), ava, "N", "V")
    assert glance(ava, 2026).by_lesson.attended == 1


def test_unstated_is_neither_attended_nor_absent(ava: Student, group: Group) -> None:
    void(take(lesson(group)))
    figures = glance(ava, 2026).by_lesson
    assert (figures.possible, figures.unstated, figures.attendance_rate) == (0, 1, None)


def test_only_registers_that_list_her_count(ava: Student, group: Group) -> None:
    take(lesson(group), roster=[])
    assert glance(ava, 2026).by_lesson == Figures()


def test_another_school_year_does_not_count(ava: Student, group: Group) -> None:
    take(lesson(group))
    assert glance(ava, 2025).by_lesson == Figures()


def test_a_group_that_she_left_still_counts(ava: Student, group: Group) -> None:
    take(lesson(group))
    ava.enrolments.update(ends_on=date(2026, 9, 20))
    assert glance(ava, 2026).by_lesson.possible == 1


def test_a_session_counts_by_session_and_as_a_lesson_too(ava: Student, group: Group) -> None:
    take(lesson(group, morning=True), absent={ava: "N"})
    take(lesson(group))
    figures = glance(ava, 2026)
    assert (figures.by_session.absent, figures.by_session.possible) == (1, 1)
    assert (figures.by_lesson.absent, figures.by_lesson.possible) == (1, 2)


@pytest.mark.parametrize(("first", "second", "attended"), [("N", "V", 1), ("V", "N", 1), ("D", "I", 0)])
def test_of_two_registers_of_a_session_the_best_mark_counts(
    ava: Student, group: Group, first: str, second: str, attended: int
) -> None:
    other = EnrolmentFactory.create(student=ava, group=GroupFactory.create(school=ava.school)).group
    take(lesson(group, morning=True), absent={ava: first})
    take(lesson(other, morning=True), absent={ava: second})
    figures = glance(ava, 2026).by_session
    assert (figures.possible, figures.attended) == (1, attended)


def test_the_latest_exceptions_come_first(ava: Student, group: Group) -> None:
    for day, code in enumerate(["N", "/", "I"]):
        take(lesson(group, day), absent={} if code == "/" else {ava: code})
    assert [entry.code.code for entry in glance(ava, 2026).latest if entry.code] == ["I", "N"]


def test_a_year_of_registers_takes_three_queries(
    ava: Student, group: Group, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for day in range(8):
        amend(take(lesson(group, day), absent={ava: "N"}), ava, "N", "I")
    with django_assert_num_queries(3):
        glance(ava, 2026)


@pytest.fixture
def admin(client: Client, ava: Student) -> Client:
    client.force_login(person(ava.school, Role.ADMIN, "alice", is_staff=True))
    return client


def test_her_page_shows_the_rate_with_both_its_numbers(
    admin: Client, ava: Student, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lessons.calendar.school_time.local_date", lambda zone, now: date(2026, 9, 20))
    take(lesson(group, 0), absent={ava: "N"})
    take(lesson(group, 1))
    content = admin.get(f"/admin/lessons/student/{ava.pk}/change/").content.decode()
    assert "50.0 % (1 / 2)" in content
    assert "N – Reason not yet established" in content


def test_her_page_stands_before_there_is_any_register(admin: Client, ava: Student) -> None:
    assert "No exceptions." in admin.get(f"/admin/lessons/student/{ava.pk}/change/").content.decode()


def test_a_new_student_has_no_attendance(admin: Client) -> None:
    assert "No exceptions." not in admin.get("/admin/lessons/student/add/").content.decode()
