"""Planned absences are suggestions until somebody who takes the register confirms them."""

from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from absences.registers import completion
from absences.reporting import parse, service, tickets
from absences.store.reports import Report
from absences.tests.api import Api, due_today, signed_in
from lessons.accounts import tokens
from lessons.errors import InvalidInput
from lessons.factories import LessonFactory, PlannedAbsenceFactory
from lessons.models import Lesson, Mark, PlannedAbsence, Register, RejectedReport, School, Student, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ava(students: list[Student]) -> Student:
    return students[0]


def confirm(user: User, lesson: Lesson, roster: list[int], student: Student, now: datetime) -> None:
    planned = PlannedAbsence.objects.codes_of([lesson])[lesson.pk]
    claims = tickets.claims_for(user, lesson, roster, now, planned)
    service.report(claims, lesson.pk, [Report(student_id=student.pk, code="M")], now)


def test_whom_nobody_confirmed_is_unstated(
    teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime
) -> None:
    PlannedAbsenceFactory.create(student=ava)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert Register.objects.get().unstated == [ava.pk]


def test_a_teacher_confirms_what_is_planned(
    teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime
) -> None:
    PlannedAbsenceFactory.create(student=ava)
    confirm(teacher, lesson, roster, ava, now)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert Register.objects.get().unstated == []
    assert list(Mark.objects.values_list("student_id", "code")) == [(ava.pk, "M")]


def test_who_came_all_the_same_is_present(
    teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime
) -> None:
    PlannedAbsenceFactory.create(student=ava)
    claims = tickets.claims_for(teacher, lesson, roster, now)
    service.report(claims, lesson.pk, [Report(student_id=ava.pk, code="/")], now)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert Register.objects.get().unstated == []
    assert not Mark.objects.exists()


def test_what_was_withdrawn_meanwhile_stands_for_nothing(
    teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime
) -> None:
    plan = PlannedAbsenceFactory.create(student=ava)
    confirm(teacher, lesson, roster, ava, now)
    plan.delete()
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert Register.objects.get().unstated == [ava.pk]
    assert RejectedReport.objects.get().reason == "not_permitted"


@pytest.mark.parametrize(
    ("plan", "covers"),
    [
        ({}, True),
        ({"first_day": date(2026, 9, 15)}, False),
        ({"first_day": date(2026, 9, 11), "last_day": date(2026, 9, 13)}, False),
        ({"first_day": date(2026, 9, 11), "last_day": date(2026, 9, 14)}, True),
        ({"from_time": time(9)}, True),
        ({"from_time": time(9, 1)}, False),
        ({"until_time": time(9)}, False),
        ({"from_time": time(8), "until_time": time(9, 1)}, True),
    ],
)
def test_what_a_plan_covers(lesson: Lesson, ava: Student, plan: dict[str, object], covers: bool) -> None:
    PlannedAbsenceFactory.create(student=ava, **plan)
    assert (ava.pk in PlannedAbsence.objects.of([lesson])[lesson.pk]) is covers


def test_another_schools_plans_are_another_schools(lesson: Lesson) -> None:
    PlannedAbsenceFactory.create()
    assert PlannedAbsence.objects.of([lesson]) == {lesson.pk: {}}


def test_many_lessons_are_one_question(
    lesson: Lesson, ava: Student, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    PlannedAbsenceFactory.create(student=ava, code="I")
    PlannedAbsenceFactory.create(student=ava, code="M")
    lessons = [lesson, *LessonFactory.create_batch(3, group=lesson.group, start_time=time(11), end_time=time(12))]
    with django_assert_num_queries(1):
        found = PlannedAbsence.objects.of(lessons)
    assert {plans[ava.pk].code for plans in found.values()} == {"M"}  # the one that was entered last
    assert len(found) == 4


def test_the_lesson_says_what_is_planned(school: School, teacher: User, office: User) -> None:
    """The meaning of the code to everybody who takes the register, the reason only to the office."""
    lesson = due_today(school, teacher, students=2)
    ava, ben = Student.objects.enrolled(lesson.group_id, lesson.date)
    PlannedAbsenceFactory.create(student=ava, first_day=lesson.date, reason="Dentist until ten")
    api = signed_in(teacher)
    shown = api.get(f"/api/v1/lessons/{lesson.pk}").json()
    plan = {"code": "M", "title": "Medical or dental appointment"}
    assert [each["planned"] for each in shown["roster"]] == [plan | {"reason": ""}, None]
    [told, _] = signed_in(office).get(f"/api/v1/lessons/{lesson.pk}").json()["roster"]
    assert told["planned"] == plan | {"reason": "Dentist until ten"}
    ticket = Api(shown["ticket"])
    assert ticket.put(f"/api/v1/lessons/{lesson.pk}/absences/{ava.pk}", {"code": "M"}).status_code == 202
    refused = ticket.put(f"/api/v1/lessons/{lesson.pk}/absences/{ben.pk}", {"code": "M"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "unknown_code"
    both = {"absences": [{"student_id": ava.pk, "code": "M"}, {"student_id": ben.pk, "code": "M"}]}
    refused = ticket.post(f"/api/v1/lessons/{lesson.pk}/absences", both)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/absences/1/code"]


def test_a_system_without_notes_reads_no_reasons(school: School, teacher: User, integrator: User) -> None:
    lesson = due_today(school, teacher, students=1)
    student = Student.objects.enrolled(lesson.group_id, lesson.date).get()
    PlannedAbsenceFactory.create(student=student, first_day=lesson.date, reason="Hospital")
    [shown] = signed_in(integrator).get(f"/api/v1/lessons/{lesson.pk}").json()["roster"]
    assert (shown["planned"]["code"], shown["planned"]["reason"]) == ("M", "")


def test_a_code_without_a_plan_is_nobodys_to_confirm(
    teacher: User, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    claims = tickets.claims_for(teacher, lesson, roster, now)
    assert claims.codes_for(roster[0]) == {"/", "N", "L", "U"}
    with pytest.raises(InvalidInput):
        parse.parse({"code": "M"}, roster[0], claims.codes_for(roster[0]))


def test_a_ticket_from_before_plans_still_reports(school: School, teacher: User) -> None:
    lesson = due_today(school, teacher, students=1)
    student = Student.objects.enrolled(lesson.group_id, lesson.date).get()
    now = timezone.now()
    ticket = tickets.issue(teacher, lesson, [student.pk], now, sid="")
    assert ticket
    held = dict(tokens.verify(ticket, "ticket"))
    old = {name: value for name, value in held.items() if name not in ("planned", "iat", "exp", "typ")}
    bearer = tokens.sign("ticket", old, now=now, expires_at=now + timedelta(hours=1))
    path = f"/api/v1/lessons/{lesson.pk}/absences/{student.pk}"
    assert Api(bearer).put(path, {"code": "N"}).status_code == 202
