"""A lesson that is cancelled after absences were reported on it."""

import pytest
from django.test import Client
from django.utils import timezone

from absences.store import mongo
from absences.tests.api import due_today, signed_in, with_ticket
from absences.tests.pages import browser
from lessons.factories import person
from lessons.models import Lesson, RejectedReport, Role, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User, office: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def admin(school: School) -> Client:
    return browser(person(school, Role.ADMIN, "ada", is_staff=True))


def cancel(admin: Client, lesson: Lesson) -> str:
    picked = {"action": "cancel", "_selected_action": [lesson.pk]}
    return admin.post("/admin/lessons/lesson/", picked, follow=True).content.decode()


@pytest.fixture
def reported(teacher: User, lesson: Lesson, roster: list[int]) -> list[int]:
    """The students who were reported absent."""
    for student in roster[:2]:
        with_ticket(teacher, lesson, roster).put(f"/api/v1/lessons/{lesson.pk}/absences/{student}")
    return roster[:2]


def test_its_reports_are_rejected_and_its_sheet_is_closed(
    admin: Client, office: User, lesson: Lesson, reported: list[int], roster: list[int]
) -> None:
    assert "2 reports on them were kept as rejected." in cancel(admin, lesson)
    assert Lesson.objects.get().settled
    assert {row.student_id for row in RejectedReport.objects.all()} == set(reported)
    late = signed_in(office).put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[3]}")
    assert late.json()["state"] == "late"


def test_the_schools_office_sees_them_on_its_page(
    admin: Client, office: User, teacher: User, outsider: User, lesson: Lesson, reported: list[int]
) -> None:
    cancel(admin, lesson)
    page = browser(office).get(f"/lessons/{lesson.pk}/").content.decode()
    assert "This lesson was cancelled" in page
    assert page.count("The lesson was cancelled.") == 2
    assert "Alice Lee, Teacher" in page
    own = browser(teacher).get(f"/lessons/{lesson.pk}/").content.decode()
    assert "could not be taken in" not in own
    assert browser(outsider).get(f"/lessons/{lesson.pk}/").status_code == 404


def test_without_the_store_it_waits_for_the_reconciler(
    admin: Client, lesson: Lesson, reported: list[int], mongodb_down: None
) -> None:
    assert "does not answer" in cancel(admin, lesson)
    assert Lesson.objects.unsettled(timezone.now()).exists()
    assert not RejectedReport.objects.exists()


def test_nothing_was_reported(admin: Client, lesson: Lesson) -> None:
    assert "kept as rejected" not in cancel(admin, lesson)
    assert Lesson.objects.get().settled
    assert mongo.sheets().find_one()["state"] == "closed"  # type: ignore[index]
