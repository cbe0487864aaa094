"""The number of queries of a page in the admin does not depend on its number of rows."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lessons.factories import (
    ContactFactory,
    DeskEntryFactory,
    EnrolmentFactory,
    GroupFactory,
    LessonFactory,
    MembershipFactory,
    NoticeFactory,
    PlannedAbsenceFactory,
    SchoolFactory,
    StudentFactory,
    UserFactory,
)
from lessons.models import FeedCounter, Group, RefreshToken, School, Student
from lessons.tests.registers import amend, reject, take

pytestmark = pytest.mark.django_db


def token() -> Any:
    role = MembershipFactory.create()
    jti = str(role.pk)
    return RefreshToken.objects.create(
        family=jti, jti=jti, user=role.user, school=role.school, expires_at="2026-09-14T20:00Z"
    )


def record() -> Any:
    """Returns a register with a mark, an amendment and a rejected report, in a school of its own."""
    lesson = LessonFactory.create(students=1)
    student = Student.objects.get(school=lesson.school)
    register = take(lesson, absent={student: "N"})
    amend(register, student, "N", "I")
    reject(lesson, student)
    return register


MADE_BY: dict[str, Callable[[], Any]] = {
    "school": SchoolFactory.create,
    "user": MembershipFactory.create,
    "membership": MembershipFactory.create,
    "refreshtoken": token,
    "student": StudentFactory.create,
    "group": GroupFactory.create,
    "enrolment": EnrolmentFactory.create,
    "lesson": lambda: LessonFactory.create(students=1),
    "register": record,
    "mark": record,
    "amendment": record,
    "rejectedreport": record,
    "plannedabsence": PlannedAbsenceFactory.create,
    "contact": ContactFactory.create,
    "deskentry": DeskEntryFactory.create,
    "notice": NoticeFactory.create,
    "feedcounter": lambda: FeedCounter.objects.create(school=SchoolFactory.create()),
}


@pytest.fixture
def superuser(client: Client) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def queries(client: Client, path: str) -> int:
    assert client.get(path).status_code == 200  # fills caches of the process, such as content types
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return len(captured)


@pytest.mark.parametrize("name", MADE_BY)
def test_a_list_of_more_rows_asks_no_more(superuser: Client, name: str) -> None:
    path = f"/admin/lessons/{name}/"
    for _ in range(2):
        MADE_BY[name]()
    few = queries(superuser, path)
    for _ in range(4):
        MADE_BY[name]()
    assert queries(superuser, path) == few


@pytest.mark.parametrize("name", MADE_BY)
def test_every_list_is_searched(superuser: Client, name: str) -> None:
    MADE_BY[name]()
    assert list(superuser.get(f"/admin/lessons/{name}/?q=nobody").context["cl"].result_list) == []


def test_a_groups_page_asks_no_more_for_a_larger_group(superuser: Client) -> None:
    group: Group = EnrolmentFactory.create().group
    path = f"/admin/lessons/group/{group.pk}/change/"
    few = queries(superuser, path)
    EnrolmentFactory.create_batch(5, group=group)
    assert queries(superuser, path) == few


def test_a_students_page_asks_no_more_for_more_groups(superuser: Client) -> None:
    student: Student = EnrolmentFactory.create().student
    path = f"/admin/lessons/student/{student.pk}/change/"
    few = queries(superuser, path)
    EnrolmentFactory.create_batch(5, student=student, group__school=student.school)
    assert queries(superuser, path) == few


def test_a_registers_page_asks_no_more_for_more_marks(superuser: Client) -> None:
    few, many = (LessonFactory.create(students=n) for n in (1, 6))
    for lesson in (few, many):
        take(lesson, absent=dict.fromkeys(Student.objects.filter(school=lesson.school), "N"))
    path = "/admin/lessons/register/{}/change/".format
    assert queries(superuser, path(few.pk)) == queries(superuser, path(many.pk))


def test_a_country_of_schools_is_not_offered_as_a_filter(superuser: Client) -> None:
    SchoolFactory.create_batch(51)
    assert School.objects.count() == 51
    titles = [spec.title for spec in superuser.get("/admin/lessons/student/").context["cl"].filter_specs]
    assert "school" not in titles
