"""Cancelling lessons in the admin, and what happens to reports on them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from lessons.admin.tests.test_timetable import lesson_form
from lessons.errors import StoreUnavailable
from lessons.factories import GroupFactory, LessonFactory, SchoolFactory, person
from lessons.models import Group, Lesson, Role, School, Student
from lessons.registers import hooks
from lessons.tests.registers import reject, take

pytestmark = pytest.mark.django_db

LONG_AGO = date(2025, 9, 15)
NO_ANSWER = "The store of reports does not answer: what was reported is kept as rejected once it does."


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture
def admin(client: Client, school: School) -> Client:
    client.force_login(person(school, Role.ADMIN, "alice", is_staff=True))
    return client


@pytest.fixture
def group(school: School) -> Group:
    return GroupFactory.create(school=school, name="8B/Ma1")


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[Lesson]:
    """Records the lessons passed to the canceller, which rejects two reports on each."""
    told: list[Lesson] = []

    def cancel_sheets(lessons: Sequence[Lesson], now: datetime) -> None:
        told.extend(lessons)
        for lesson in lessons:
            for student in (1, 2):
                reject(lesson, Student(pk=student), reason="lesson_cancelled")

    monkeypatch.setattr(hooks, "cancellers", [cancel_sheets])
    return told


@pytest.fixture(params=["one", "selected"])
def cancel(request: pytest.FixtureRequest, admin: Client) -> Any:
    """Cancels a lesson in the admin, on its page or by the list's action, and returns the messages."""

    def cancel(lesson: Lesson) -> list[str]:
        if request.param == "one":
            form = lesson_form(lesson.group, date=lesson.date, status="cancelled")
            path = f"{lesson.pk}/change/"
        else:
            path, form = "", {"action": "cancel", "_selected_action": lesson.pk}
        admin.post(f"/admin/lessons/lesson/{path}", form)
        said = admin.get("/admin/lessons/lesson/").context["messages"]
        return [str(message) for message in said]

    return cancel


@pytest.mark.django_db(transaction=True)
def test_what_was_reported_is_kept_as_rejected(cancel: Any, group: Group, settled: list[Lesson]) -> None:
    lesson = LessonFactory.create(group=group, date=LONG_AGO)
    assert "2 reports on them were kept as rejected." in cancel(lesson)
    assert settled == [lesson]
    assert Lesson.objects.get().is_cancelled


@pytest.mark.django_db(transaction=True)
def test_without_the_store_it_is_cancelled_all_the_same(
    cancel: Any, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(lessons: Sequence[Lesson], now: datetime) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(hooks, "cancellers", [down])
    assert NO_ANSWER in cancel(LessonFactory.create(group=group, date=LONG_AGO))
    assert Lesson.objects.get().is_cancelled


@pytest.mark.django_db(transaction=True)
def test_what_is_still_days_away_may_come_back(cancel: Any, group: Group, settled: list[Lesson]) -> None:
    lesson = LessonFactory.create(group=group, date=timezone.localdate() + timedelta(days=3))
    assert "What is cancelled by mistake can be scheduled again until a day before it starts." in cancel(lesson)
    assert (Lesson.objects.get().is_cancelled, settled) == (True, [])


def test_a_lesson_that_was_taken_meanwhile_is_not_cancelled(cancel: Any, group: Group, settled: list[Lesson]) -> None:
    lesson = take(LessonFactory.create(group=group)).lesson
    cancel(lesson)
    assert (Lesson.objects.get().status, settled) == ("scheduled", [])


def test_a_settled_lesson_is_read_only(admin: Client, group: Group) -> None:
    lesson = LessonFactory.create(group=group, cancelled=True, settled=True)
    path = f"/admin/lessons/lesson/{lesson.pk}/change/"
    assert "status" not in admin.get(path).context["adminform"].form.fields
    form = lesson_form(group, room="Hall")
    forced = admin.post(path, form)
    assert "This lesson stays cancelled" in forced.content.decode()
    del form["status"]
    assert admin.post(path, form).status_code == 302
    assert (Lesson.objects.get().status, Lesson.objects.get().room) == ("cancelled", "Hall")


def test_a_cancelled_lesson_is_revived_while_it_is_not_settled(admin: Client, group: Group) -> None:
    lesson = LessonFactory.create(group=group, cancelled=True)
    assert admin.post(f"/admin/lessons/lesson/{lesson.pk}/change/", lesson_form(group)).status_code == 302
    assert Lesson.objects.get().status == "scheduled"


def test_another_schools_lesson_is_404(admin: Client) -> None:
    lesson = LessonFactory.create()
    form = lesson_form(lesson.group, status="cancelled")
    assert admin.post(f"/admin/lessons/lesson/{lesson.pk}/change/", form).status_code == 404
    assert Lesson.objects.get().status == "scheduled"


def test_only_lessons_without_a_register_are_cancelled(admin: Client, group: Group) -> None:
    open_, completed = LessonFactory.create_batch(2, group=group)
    foreign = LessonFactory.create()
    take(completed)
    picked = {"action": "cancel", "_selected_action": [open_.pk, completed.pk, foreign.pk]}
    response = admin.post("/admin/lessons/lesson/", picked, follow=True)
    assert [m.message for m in response.context["messages"]] == [
        "1 lesson was cancelled.",
        "1 lesson was left as it is: it is completed or cancelled already.",
    ]
    assert list(Lesson.objects.filter(status="cancelled")) == [open_]


def test_cancelling_is_an_update_that_integrators_see(admin: Client, group: Group) -> None:
    lesson = LessonFactory.create(group=group)
    with time_machine.travel(timedelta(seconds=1), tick=False):
        admin.post("/admin/lessons/lesson/", {"action": "cancel", "_selected_action": lesson.pk})
    assert Lesson.objects.get().updated_at > lesson.updated_at
