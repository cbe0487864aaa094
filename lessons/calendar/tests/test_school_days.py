"""Five school days, across weekends, holidays and the end of the timetable."""

from datetime import date, time, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from lessons.calendar.school_days import SchoolDays
from lessons.factories import GroupFactory, LessonFactory, SchoolFactory
from lessons.models import Lesson, School

MONDAY = date(2026, 9, 14)
WEEKDAYS = tuple(day for day in (MONDAY + timedelta(days=n) for n in range(28)) if day.weekday() < 5)


def days(today: date, known: tuple[date, ...] = WEEKDAYS) -> SchoolDays:
    return SchoolDays(known, today)


@pytest.mark.parametrize(
    ("today", "left", "is_over"),
    [
        (MONDAY, 5, False),
        (date(2026, 9, 18), 1, False),
        (date(2026, 9, 19), 1, False),  # a Saturday
        (date(2026, 9, 21), 0, False),
        (date(2026, 9, 22), 1, True),
        (date(2026, 9, 26), 4, True),
    ],
)
def test_how_many_are_left(today: date, left: int, is_over: bool) -> None:
    deadline = days(today).deadline(MONDAY)
    assert (deadline.until, deadline.left, deadline.is_over) == (date(2026, 9, 21), left, is_over)


def test_a_closed_day_and_a_holiday_do_not_count() -> None:
    holiday = {date(2026, 9, 16), *(date(2026, 9, 21) + timedelta(days=n) for n in range(5))}
    known = tuple(day for day in WEEKDAYS if day not in holiday)
    assert days(MONDAY, known).deadline(MONDAY).until == date(2026, 9, 29)


def test_where_the_timetable_ends_any_weekday_counts() -> None:
    assert days(MONDAY, WEEKDAYS[:3]).deadline(MONDAY).until == date(2026, 9, 21)
    assert days(MONDAY, ()).deadline(MONDAY).until == date(2026, 9, 21)


def test_an_absence_on_a_saturday() -> None:
    assert days(MONDAY).deadline(date(2026, 9, 12)).until == date(2026, 9, 18)


@pytest.mark.django_db
def test_what_the_timetable_says(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    school: School = SchoolFactory.create()
    group = GroupFactory.create(school=school)
    for day in (*WEEKDAYS[:8], date(2026, 9, 19)):
        LessonFactory.create(group=group, date=day)
        LessonFactory.create(group=group, date=day, start_time=time(11), end_time=time(12))
    LessonFactory.create(date=WEEKDAYS[9])  # of another school
    Lesson.objects.filter(date=WEEKDAYS[2]).update(status=Lesson.Status.CANCELLED)
    with django_assert_num_queries(2):
        found = school.school_days(WEEKDAYS[1], WEEKDAYS[3])
    assert found.days == (WEEKDAYS[1], *WEEKDAYS[3:8])
