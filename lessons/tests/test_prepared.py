"""Prepared queries return the same as the querysets, and make their SQL once."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, models
from django.db.models.sql.compiler import SQLCompiler

from lessons.factories import EnrolmentFactory, LessonFactory, PlannedAbsenceFactory, StudentFactory
from lessons.models import Enrolment, Lesson, PlannedAbsence, Student
from lessons.prepared import prepared

DAY = date(2026, 9, 14)
Query = Callable[..., list[Any]]


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[SQLCompiler]:
    """Returns the compilers that made SQL, or looked up its column converters."""
    found: list[SQLCompiler] = []

    def note(name: str) -> None:
        method = getattr(SQLCompiler, name)

        def noted(self: SQLCompiler, *args: Any, **kwargs: Any) -> Any:
            found.append(self)
            return method(self, *args, **kwargs)

        monkeypatch.setattr(SQLCompiler, name, noted)

    note("as_sql")
    note("get_converters")
    return found


def by_group() -> tuple[Query, Callable[..., models.QuerySet[Enrolment]]]:
    """Returns a new query for a day and a group, for which nothing is prepared."""

    def enrolments(day: date, group: int) -> models.QuerySet[Enrolment]:
        return Enrolment.objects.on(day).filter(group=group).select_related("student").order_by("-pk")

    return prepared(enrolments), enrolments


@pytest.mark.django_db
def test_it_answers_as_the_queryset_does() -> None:
    query, queryset = by_group()
    first = EnrolmentFactory.create()
    other = EnrolmentFactory.create(group=first.group, starts_on=DAY, ends_on=DAY)
    for day in (DAY - timedelta(1), DAY, DAY + timedelta(1)):
        assert query(day, first.group_id) == list(queryset(day, first.group_id)) != []
    assert [each.pk for each in query(DAY, first.group_id)] == [other.pk, first.pk]
    assert query(DAY, other.pk + 1000) == []


@pytest.mark.django_db
def test_sql_is_made_once_and_one_statement_asked_each_time(
    compiled: list[SQLCompiler], django_assert_num_queries: Any
) -> None:
    query, _ = by_group()
    enrolment = EnrolmentFactory.create()
    query(DAY, enrolment.group_id)
    compiled.clear()
    with django_assert_num_queries(2):
        [found] = query(DAY, enrolment.group_id)
        assert found.student.legal_name == enrolment.student.legal_name, "joined, and not asked for"
        query(DAY, enrolment.group_id)
    assert compiled == []


@pytest.mark.django_db
def test_rows_are_read_anew_and_of_every_type() -> None:
    @prepared
    def lessons(starts_after: datetime, subject: str) -> models.QuerySet[Lesson]:
        return Lesson.objects.filter(starts_at__gt=starts_after, subject=subject)

    lesson = LessonFactory.create(subject="Maths")
    before = lesson.starts_at - timedelta(seconds=1)
    [found] = lessons(before, "Maths")
    assert (found.starts_at, found.date, found.start_time) == (lesson.starts_at, lesson.date, lesson.start_time)
    assert found.starts_at.tzinfo == UTC
    found.room = "changed here alone"
    Lesson.objects.update(room="R2")
    [again] = lessons(before, "Maths")
    assert again.room == "R2"
    assert again is not found
    assert lessons(lesson.starts_at, "Maths") == lessons(before, "Maths' OR 1=1 --") == []


@pytest.mark.django_db
@pytest.mark.parametrize("more", ["prefetch_related", "values_list"])
def test_what_cannot_be_prepared_says_so(more: str) -> None:
    @prepared
    def enrolments(group: int) -> models.QuerySet[Enrolment]:
        found: models.QuerySet[Enrolment] = getattr(Enrolment.objects.filter(group=group), more)("student")
        return found

    with pytest.raises(TypeError, match="only rows"):
        enrolments(1)


@pytest.mark.django_db
def test_what_is_always_so_may_stand_in_it() -> None:
    @prepared
    def named(school: int) -> models.QuerySet[Student]:
        return Student.objects.filter(school=school, legal_name="Ava Lee")

    ava = StudentFactory.create(legal_name="Ava Lee")
    StudentFactory.create(school=ava.school, legal_name="Ben Moss")
    assert named(ava.school_id) == [ava]


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_on_its_own_connection() -> None:
    query, _ = by_group()
    enrolment = EnrolmentFactory.create()
    assert query(DAY, enrolment.group_id) == [enrolment]
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(query(DAY, enrolment.group_id))
        finally:
            connection.close()

    thread = Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [[enrolment]]


@pytest.mark.django_db
def test_the_planned_absences_of_one_lesson_are_those_of_many() -> None:
    plan = PlannedAbsenceFactory.create()
    lesson = LessonFactory.create(group__school=plan.school, date=plan.first_day)
    assert PlannedAbsence.objects.of_lesson(lesson) == PlannedAbsence.objects.of([lesson])[lesson.pk]
    assert PlannedAbsence.objects.of_lesson(lesson) == {plan.student_id: plan}
