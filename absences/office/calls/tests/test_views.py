"""Families to call on the first day of an absence."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from absences.office.follow_up import follow_up
from absences.office.front_desk import front_desk
from absences.tests.api import due_today
from absences.tests.pages import browser
from lessons.factories import LessonFactory, PlannedAbsenceFactory
from lessons.models import Contact, DeskEntry, Lesson, School, Student, User
from lessons.tests.registers import amend, take, void

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/follow-up/calls"
IN, OUT = DeskEntry.Direction.IN, DeskEntry.Direction.OUT


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def ava(lesson: Lesson, students: list[Student]) -> Student:
    """Returns a pupil who is absent today without a known reason."""
    take(lesson, absent={students[0]: "N"})
    return students[0]


@pytest.fixture
def olive(office: User) -> Client:
    return browser(office)


def listed(client: Client, pupil: Student) -> bool:
    return f'id="pupil-{pupil.pk}"' in client.get(PAGE).content.decode()


def later(lesson: Lesson) -> Lesson:
    """Returns a later lesson of the same group on that day."""
    when = {"start_time": time(0, 1), "end_time": time(23, 59)}
    made: Lesson = LessonFactory.create(group=lesson.group, date=lesson.date, **when)
    return made


def test_who_is_absent_without_a_word(olive: Client, ava: Student, students: list[Student]) -> None:
    assert listed(olive, ava)
    assert not listed(olive, students[1])
    assert "One home has not been called yet." in olive.get(PAGE).content.decode()


def test_who_has_a_reason_or_came(olive: Client, ava: Student, lesson: Lesson) -> None:
    amend(lesson.register, ava, "N", "L")
    assert not listed(olive, ava)
    assert "Nobody to call just now." in olive.get(PAGE).content.decode()


def test_who_was_seen_later(olive: Client, ava: Student, lesson: Lesson) -> None:
    take(later(lesson))
    assert not listed(olive, ava)


def test_who_is_missed_later(olive: Client, ava: Student, lesson: Lesson, students: list[Student]) -> None:
    """She was present in the morning."""
    take(later(lesson), absent={students[1]: "N", ava: "N"})
    assert listed(olive, students[1])
    assert "was there before" in olive.get(PAGE).content.decode()


def test_of_whom_the_later_register_says_nothing(olive: Client, ava: Student, lesson: Lesson) -> None:
    take(later(lesson), unstated=[ava.pk])
    assert listed(olive, ava)


def test_whose_absence_is_planned(olive: Client, ava: Student, lesson: Lesson) -> None:
    plan = PlannedAbsenceFactory.create(student=ava, first_day=lesson.date)
    assert not listed(olive, ava)
    plan.from_time = time(12)
    plan.save()
    assert listed(olive, ava), "it belongs to another lesson"


def test_of_one_year_group(olive: Client, ava: Student, lesson: Lesson) -> None:
    """After saving a call too: the office continues with the same list."""
    Student.objects.filter(pk=ava.pk).update(year_group=0)
    shown = {
        year: f'id="pupil-{ava.pk}"' in olive.get(PAGE, {"year": year}).content.decode() for year in ("0", "8", "")
    }
    assert shown == {"0": True, "8": False, "": True}
    page = " ".join(olive.get(PAGE, {"year": "0"}).content.decode().split())
    assert '<option value="0" selected>Reception</option>' in page
    assert "<strong>Reception.</strong>" in page
    noted = olive.post(f"{PAGE}/{ava.pk}?year=0", {"outcome": "message"})
    assert noted.headers["location"] == f"{PAGE}?year=0"
    assert olive.get(PAGE, {"year": "eight"}).status_code == 400


def test_a_register_that_is_withdrawn_meanwhile(
    olive: Client, ava: Student, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the query for marks and the query for registers."""
    read = follow_up.unexplained

    def then_withdrawn(*wanted: Any) -> list[tuple[Student, Lesson]]:
        found = read(*wanted)
        void(lesson.register)
        return found

    monkeypatch.setattr(follow_up, "unexplained", then_withdrawn)
    assert not listed(olive, ava)


@pytest.mark.parametrize("direction", [IN, OUT])
def test_who_went_past_the_front_desk(
    direction: DeskEntry.Direction, office: User, olive: Client, ava: Student
) -> None:
    front_desk.enter(office, ava, direction, "", now=timezone.now())
    assert not listed(olive, ava)


def test_who_came_in_before_and_is_missed_now(office: User, olive: Client, ava: Student, lesson: Lesson) -> None:
    front_desk.enter(office, ava, IN, "", now=timezone.now())
    DeskEntry.objects.update(at=lesson.starts_at - timedelta(minutes=1))
    assert listed(olive, ava)


def test_a_call_is_noted_and_twice_is_once(olive: Client, ava: Student) -> None:
    for said in ("is noted", "had been noted already"):
        answer = olive.post(f"{PAGE}/{ava.pk}", {"outcome": "message", "note": "Łódź, Großmutter"}, follow=True)
        assert f"{ava.name}: “Message left” {said}." in answer.content.decode()
    made = Contact.objects.get()
    assert (made.note, made.by_name, made.by_position) == ("Łódź, Großmutter", "Olive Grant", "Office")
    page = olive.get(PAGE).content.decode()
    assert "Łódź, Großmutter" in page
    assert "has not been called" not in page
    olive.post(f"{PAGE}/{ava.pk}", {"outcome": "reached"})
    assert Contact.objects.count() == 2


@pytest.mark.parametrize(
    "wrong", [{}, {"outcome": "shouted"}, {"outcome": "reached", "note": "x" * 501}, {"outcome": "\0", "note": "\0"}]
)
def test_what_is_wrong_is_said_and_nothing_lost(wrong: dict[str, str], olive: Client, ava: Student) -> None:
    answer = olive.post(f"{PAGE}/{ava.pk}", {"note": "Rang twice"} | wrong)
    assert answer.status_code == 400
    assert "Nothing was saved." in answer.content.decode()
    assert "note" in wrong or 'value="Rang twice"' in answer.content.decode()
    assert not Contact.objects.exists()


def test_the_number_of_queries_is_fixed(
    olive: Client, school: School, teacher: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for size in (2, 9):
        lesson = due_today(school, teacher, students=size)
        take(lesson, absent=dict.fromkeys(Student.objects.enrolled(lesson.group_id, lesson.date), "N"))
        with django_assert_num_queries(11):
            assert olive.get(PAGE).status_code == 200


def test_who_may_not(teacher: User, integrator: User, outsider: User, ava: Student) -> None:
    for user, page, post in ((teacher, 403, 403), (integrator, 403, 403), (outsider, 403, 404)):
        client = browser(user)
        sent = client.post(f"{PAGE}/{ava.pk}", {"outcome": "reached"})
        assert (client.get(PAGE).status_code, sent.status_code) == (page, post)
    assert Client().get(PAGE).headers["location"].startswith("/accounts/login/")
    assert not Contact.objects.exists()


@pytest.mark.parametrize("student", ["0", "x", "9" * 30, str(2**62)])
def test_a_malformed_student_is_404(student: str, olive: Client) -> None:
    assert olive.post(f"{PAGE}/{student}", {"outcome": "reached"}).status_code == 404


def test_wrong_method(olive: Client, ava: Student) -> None:
    assert (olive.post(PAGE).status_code, olive.get(f"{PAGE}/{ava.pk}").status_code) == (405, 405)


def test_store_down(olive: Client, ava: Student, mongodb_down: None) -> None:
    assert listed(olive, ava)
    assert olive.post(f"{PAGE}/{ava.pk}", {"outcome": "reached"}).status_code == 302
