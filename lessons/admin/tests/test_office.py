"""Planned absences can be entered in the admin too; the office's other entries are read-only."""

from typing import Any

import pytest
from django.test import Client

from lessons.factories import (
    ContactFactory,
    DeskEntryFactory,
    LessonFactory,
    NoticeFactory,
    PlannedAbsenceFactory,
    SchoolFactory,
    StudentFactory,
    UserFactory,
    person,
)
from lessons.models import Lesson, Notice, PlannedAbsence, Role, School, Student, User

pytestmark = pytest.mark.django_db

PLANS = "/admin/lessons/plannedabsence/"
WRITTEN_DOWN: dict[str, Any] = {
    "contact": lambda school: ContactFactory.create(student__school=school, note="Rang twice"),
    "deskentry": lambda school: DeskEntryFactory.create(student__school=school, note="Dentist"),
    "notice": lambda school: NoticeFactory.create(lesson__group__school=school, text="A new pupil?"),
}


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture
def alice(school: School) -> User:
    return person(school, Role.ADMIN, "alice", name="Alice Lee", is_staff=True)


@pytest.fixture
def admin(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def student(school: School) -> Student:
    pupil: Student = StudentFactory.create(school=school)
    return pupil


def fields(student: Student, **changed: Any) -> dict[str, Any]:
    days = {"first_day": "2026-09-14", "last_day": "2026-09-15"}
    return {"student": student.pk, **days, "code": "M", "reason": "Zahnärztin", **changed}


def test_a_plan_is_entered_in_the_name_of_who_entered_it(admin: Client, school: School, student: Student) -> None:
    assert admin.post(f"{PLANS}add/", fields(student)).status_code == 302
    plan = PlannedAbsence.objects.get()
    assert (plan.school, plan.student, plan.reason, plan.made_at is not None) == (school, student, "Zahnärztin", True)
    assert (plan.by_name, plan.by_position) == ("Alice Lee", "Admin")


def test_a_plan_is_changed_and_keeps_its_student(admin: Client, school: School, student: Student) -> None:
    plan = PlannedAbsenceFactory.create(student=student)
    other = StudentFactory.create(school=school)
    page = admin.get(f"{PLANS}{plan.pk}/change/").content.decode()
    assert "School office" in page
    assert admin.post(f"{PLANS}{plan.pk}/change/", fields(other, code="I")).status_code == 302
    plan.refresh_from_db()
    assert (plan.student, plan.code, plan.by_name) == (student, "I", "Alice Lee")


def test_a_plan_is_deleted(admin: Client, student: Student) -> None:
    plan = PlannedAbsenceFactory.create(student=student)
    assert admin.post(f"{PLANS}{plan.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not PlannedAbsence.objects.exists()


def test_a_superuser_without_a_role_there_has_no_position(client: Client, student: Student) -> None:
    client.force_login(UserFactory.create(name="Root", is_staff=True, is_superuser=True))
    assert client.post(f"{PLANS}add/", fields(student)).status_code == 302
    plan = PlannedAbsence.objects.get()
    assert (plan.by_name, plan.by_position) == ("Root", "")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"last_day": "2026-09-13"}, "last_day"),
        ({"last_day": "2028-01-01"}, "last_day"),
        ({"from_time": "11:00", "until_time": "10:00"}, "until_time"),
        ({"code": "N"}, "code"),
        ({"first_day": "1999-01-01", "last_day": "1999-01-01"}, "first_day"),
        ({"first_day": ""}, "first_day"),
        ({"student": ""}, "student"),
    ],
)
def test_the_rules_are_those_of_the_offices_pages(
    wrong: dict[str, Any], field: str, admin: Client, student: Student
) -> None:
    response = admin.post(f"{PLANS}add/", fields(student) | wrong)
    assert list(response.context["adminform"].errors) == [field]
    assert not PlannedAbsence.objects.exists()


def test_a_foreign_student_is_no_choice(admin: Client) -> None:
    response = admin.post(f"{PLANS}add/", fields(StudentFactory.create()))
    assert list(response.context["adminform"].errors) == ["student"]


@pytest.mark.parametrize("query", ["code=M", "first_day__year=2026", "q=Zahn", "first_day__year=9999"])
def test_the_list_is_filtered(query: str, admin: Client, student: Student) -> None:
    PlannedAbsenceFactory.create(student=student, reason="Zahnärztin")
    assert admin.get(f"{PLANS}?{query}", follow=True).status_code == 200


@pytest.mark.parametrize("name", WRITTEN_DOWN)
def test_the_rest_is_looked_at(admin: Client, school: School, name: str) -> None:
    made, path = WRITTEN_DOWN[name](school), f"/admin/lessons/{name}/"
    assert list(admin.get(path).context["cl"].result_list) == [made]
    assert made.by_name in admin.get(f"{path}{made.pk}/change/").content.decode()
    for page in ("add/", f"{made.pk}/delete/"):
        assert admin.get(f"{path}{page}").status_code == 403
        assert admin.post(f"{path}{page}", {"post": "yes"}).status_code == 403
    assert admin.post(f"{path}{made.pk}/change/", {"note": "Nothing", "text": "Nothing"}).status_code == 403
    assert type(made).objects.filter(pk=made.pk).exists()


def test_a_notice_goes_with_its_lesson(admin: Client, school: School) -> None:
    lesson = LessonFactory.create(group__school=school)
    NoticeFactory.create(lesson=lesson)
    assert admin.post(f"/admin/lessons/lesson/{lesson.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Lesson.objects.exists()
    assert not Notice.objects.exists()
