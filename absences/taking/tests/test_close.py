"""The office completes a register that nobody finished."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from absences.registers import completion
from absences.tests.api import due_today, with_ticket
from absences.tests.pages import browser
from lessons.factories import person
from lessons.models import Lesson, Register, Role, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    """Returns a lesson that ended a minute ago."""
    lesson = due_today(school, teacher)
    Lesson.objects.update(ends_at=timezone.now() - timedelta(minutes=1))
    return lesson


@pytest.fixture
def path(lesson: Lesson) -> str:
    return f"/lessons/{lesson.pk}/close"


@pytest.fixture
def olive(office: User) -> Client:
    return browser(office)


def test_what_was_reported_stands_and_everyone_else_is_unstated(
    olive: Client, teacher: User, lesson: Lesson, path: str, roster: list[int]
) -> None:
    alice = with_ticket(teacher, lesson, roster)
    alice.put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}")
    alice.delete(f"/api/v1/lessons/{lesson.pk}/absences/{roster[1]}")
    page = olive.get(path).content.decode()
    assert "2 of 4 pupils were reported" in page
    assert not Register.objects.exists(), "looking changes nothing"
    said = olive.post(path, follow=True).content.decode()
    assert "1 present, 1 absent, 2 not stated." in said
    register = Register.objects.get()
    assert (register.unstated, register.by_name, register.source) == (roster[2:], "Olive Grant", "page")


def test_a_register_that_was_taken_on_another_day_says_so(olive: Client, lesson: Lesson, path: str) -> None:
    Lesson.objects.update(date=lesson.date - timedelta(days=1))
    page = olive.post(path, follow=True).content.decode()
    assert f"Register taken {lesson.date.day} {lesson.date:%B %Y}" in page


def test_it_is_offered_where_it_is_missed(olive: Client, teacher: User, lesson: Lesson, path: str) -> None:
    for where in ("/?date=today", f"/lessons/{lesson.pk}/"):
        assert f'href="{path}"' in olive.get(where).content.decode()
        assert path not in browser(teacher).get(where).content.decode()


def test_closing_twice_is_one_register(olive: Client, path: str) -> None:
    for _ in range(2):
        assert olive.post(path).status_code == 302
    assert Register.objects.count() == 1


def test_a_teacher_was_faster(olive: Client, teacher: User, lesson: Lesson, path: str, roster: list[int]) -> None:
    completion.complete(teacher, lesson.pk, now=timezone.now(), roster_seen=roster)
    assert "Alice Lee had finished this register already" in olive.post(path, follow=True).content.decode()
    assert Register.objects.get().unstated == []
    assert olive.get(path).headers["location"] == f"/lessons/{lesson.pk}/"


def test_while_it_goes_on_it_is_the_teachers(olive: Client, lesson: Lesson, path: str) -> None:
    Lesson.objects.update(ends_at=timezone.now() + timedelta(minutes=1))
    assert (olive.get(path).status_code, olive.post(path).status_code) == (409, 409)
    assert path not in olive.get(f"/lessons/{lesson.pk}/").content.decode()


def test_a_cancelled_lesson_has_none_to_close(olive: Client, path: str) -> None:
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    assert olive.post(path).status_code == 409
    assert not Register.objects.exists()


def test_who_may_not(
    teacher: User, colleague: User, integrator: User, outsider: User, path: str, school: School
) -> None:
    for user, status in ((teacher, 403), (colleague, 403), (integrator, 403), (outsider, 404)):
        assert (browser(user).get(path).status_code, browser(user).post(path).status_code) == (status, status)
    assert Client().post(path).headers["location"].startswith("/accounts/login/")
    assert not Register.objects.exists()
    assert browser(person(school, Role.ADMIN, "ada")).get(path).status_code == 200


def test_malformed_and_wrong_method(olive: Client, path: str) -> None:
    assert olive.post(f"/lessons/{2**63}/close").status_code == 404
    assert olive.put(path).status_code == 405


def test_store_down(olive: Client, path: str, mongodb_down: None) -> None:
    assert (olive.get(path).status_code, olive.post(path).status_code) == (503, 503)
    assert not Register.objects.exists()
