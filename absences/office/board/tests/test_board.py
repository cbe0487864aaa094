"""The exact contents of the board."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from absences.office.board import board
from absences.office.board.board import Board, BoardPeriod
from absences.office.notices import notices
from absences.reporting import service, tickets
from absences.store.reports import Report
from lessons.errors import InvalidInput
from lessons.factories import EnrolmentFactory, GroupFactory, LessonFactory, PlannedAbsenceFactory
from lessons.models import Lesson, Notice, School, Student, User
from lessons.tests.registers import amend, take, void

pytestmark = pytest.mark.django_db(transaction=True)

DAY = date(2026, 9, 14)


def at(hour: int, minute: int = 0) -> datetime:
    """Returns a time on the school's clocks, in summer time."""
    return datetime(2026, 9, 14, hour - 1, minute, tzinfo=UTC)


def states(found: Board) -> dict[int, str]:
    return {row.lesson.pk: row.state for _state, _title, rows in found.sections for row in rows}


def now_at(school: School, moment: datetime, period: str = "now") -> Board:
    return board.of(school, BoardPeriod(period), moment)


def another(school: School, start: time, **fields: Any) -> Lesson:
    end = time(start.hour + 1, start.minute)
    made: Lesson = LessonFactory.create(
        group=GroupFactory.create(school=school), students=2, start_time=start, end_time=end, **fields
    )
    return made


def report(teacher: User, lesson: Lesson, students: list[Student], moment: datetime) -> None:
    claims = tickets.claims_for(teacher, lesson, [student.pk for student in students], moment)
    service.report(claims, lesson.pk, [Report(student_id=student.pk, code="N") for student in students], moment)


def test_a_lesson_goes_its_way(school: School, teacher: User, lesson: Lesson, students: list[Student]) -> None:
    """Not before it begins, to the minute; late once the register has closed; and until somebody takes it."""
    assert states(now_at(school, at(8, 59))) == {}
    assert states(now_at(school, at(8, 59), "day")) == {lesson.pk: "later"}
    assert states(now_at(school, at(9))) == {lesson.pk: "due"}
    report(teacher, lesson, students[:2], at(9, 5))
    [(state, _title, [row])] = now_at(school, at(9, 5)).sections
    assert (state, row.marked, row.total) == ("open", 2, 4)
    assert states(now_at(school, at(9, 30))) == {lesson.pk: "open"}
    assert states(now_at(school, at(9, 31))) == {lesson.pk: "late"}
    assert states(now_at(school, at(12))) == {lesson.pk: "late"}, "a lesson that was not taken stays"
    take(lesson)
    assert states(now_at(school, at(9, 31))) == {lesson.pk: "taken"}
    assert states(now_at(school, at(10))) == {}, "it is over and taken"
    assert states(now_at(school, at(10), "day")) == {lesson.pk: "taken"}


def test_what_nobody_has_to_take_is_not_on_it(school: School, lesson: Lesson) -> None:
    LessonFactory.create(group=GroupFactory.create(school=school))  # nobody is enrolled
    another(school, time(9), status=Lesson.Status.CANCELLED)
    another(school, time(9), date=DAY - timedelta(days=1))
    another(school, time(9), date=DAY + timedelta(days=1))
    gone = LessonFactory.create(group=GroupFactory.create(school=school))
    EnrolmentFactory.create(group=gone.group, student__left=True)
    EnrolmentFactory.create(group=gone.group, starts_on=DAY - timedelta(days=9), ends_on=DAY - timedelta(days=1))
    LessonFactory.create(students=2)  # of another school
    assert states(now_at(school, at(9, 5), "day")) == {lesson.pk: "due"}


def test_periods(school: School, lesson: Lesson) -> None:
    later, session = another(school, time(11, 15)), another(school, time(8, 45), session="AM")
    another(school, time(13), status=Lesson.Status.CANCELLED)
    assert [each.key for each in board.periods(school, at(9))] == ["now", "day", "AM", "PM", "08:45", "09:00", "11:15"]
    assert states(now_at(school, at(9, 5), "11:15")) == {later.pk: "later"}
    assert states(now_at(school, at(9, 5), "AM")) == {session.pk: "due"}
    assert states(now_at(school, at(9, 5), "PM")) == {}
    assert states(now_at(school, at(9, 5))) == {lesson.pk: "due", session.pk: "due"}


@pytest.mark.parametrize("given", ["9", "25:00", "yesterday", "am", "09:00+01:00", "$now", "\0", "\u0660\u0669:00"])
def test_periods_that_are_none(given: str) -> None:
    with pytest.raises(InvalidInput):
        BoardPeriod.read(given)


def test_the_numbers_are_of_what_is_shown(school: School, lesson: Lesson) -> None:
    take(another(school, time(9)))
    another(school, time(10))
    shown = now_at(school, at(9, 31), "day")
    assert shown.counts == {"late": 1, "due": 0, "open": 0, "taken": 1, "later": 1}
    assert shown.said == "Late: 1, Taken: 1, Later: 1"


def test_of_whom_nobody_said_anything(school: School, lesson: Lesson, students: list[Student]) -> None:
    """In the registers as amended; pupils with an unconfirmed plan come first."""
    first, planned, stated, present = students
    register = take(lesson, unstated=[first.pk, planned.pk, stated.pk])
    amend(register, stated, None, "N")
    plan = PlannedAbsenceFactory.create(student=planned, first_day=DAY, reason="Dentist")
    PlannedAbsenceFactory.create(student=present, first_day=DAY)
    take(another(school, time(9), date=DAY - timedelta(days=1)), unstated=[first.pk])
    shown = now_at(school, at(9, 40)).unstated
    assert [(each.student, each.plan) for each in shown] == [(planned, plan), (first, None)]
    assert [each.lessons for each in shown] == [[lesson], [lesson]]
    void(register)
    assert {each.student for each in now_at(school, at(9, 40)).unstated} == set(students)


def test_it_costs_the_same_whatever_the_school(school: School, office: User, lesson: Lesson) -> None:
    def cost(number: int) -> int:
        for each in [another(school, time(9)) for _ in range(number)]:
            take(each, unstated=[Student.objects.enrolled(each.group_id, DAY)[0].pk])
            notices.remind(office, another(school, time(9), taught_by=office), now=at(9))
        with CaptureQueriesContext(connection) as queries:
            shown = now_at(school, at(9, 5), "day")
            assert len(shown.unstated) >= number
            assert list(shown.notices) == []
        return len(queries)

    assert cost(1) == cost(5) == 8


def test_the_version_changes_with_the_board(school: School, office: User, lesson: Lesson) -> None:
    before = board.version(school, at(9))
    assert board.version(school, at(9) + timedelta(seconds=59)) == before
    assert board.version(school, at(9, 1)) != before
    Lesson.objects.filter(pk=lesson.pk).update(room="B9")
    assert board.version(school, at(9)) == before, "the timetable has no counter: it shows within a minute"
    notices.remind(office, Lesson.objects.get(pk=lesson.pk), now=at(9))
    told = board.version(school, at(9))
    assert told != before
    Notice.objects.get().done(at(9))
    assert board.version(school, at(9)) == before
