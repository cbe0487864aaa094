"""One tap for a pupil who arrives after the register was taken."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from absences.registers import completion
from absences.reporting import service, tickets
from absences.store.reports import Report
from absences.tests.api import due_today
from absences.tests.pages import browser
from lessons.models import Amendment, Lesson, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def page(lesson: Lesson, teacher: User, roster: list[int]) -> str:
    """Returns the address of a register with the first pupil absent."""
    claims = tickets.claims_for(teacher, lesson, roster, timezone.now())
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N")], timezone.now())
    completion.complete(teacher, lesson.pk, now=timezone.now(), roster_seen=roster)
    return f"/lessons/{lesson.pk}/"


@pytest.fixture
def alice(teacher: User) -> Client:
    return browser(teacher)


def test_one_tap_and_the_register_says_so(alice: Client, page: str, roster: list[int]) -> None:
    response = alice.post(f"{page}arrive/{roster[0]}")
    assert response.headers["location"] == f"{page}#pupil-{roster[0]}"
    content = alice.get(page).content.decode()
    assert "has arrived: late" in content or ": late." in content
    assert "Arrived late." in content
    assert f"{page}arrive/" not in content, "nobody is awaited any more"
    assert Amendment.objects.get().kind == "arrival"


def test_only_who_is_awaited_has_the_button(alice: Client, page: str, roster: list[int]) -> None:
    content = alice.get(page).content.decode()
    assert f"{page}arrive/{roster[0]}" in content
    assert f"{page}amend/{roster[0]}" in content
    assert f"{page}arrive/{roster[1]}" not in content
    alice.post(f"{page}arrive/{roster[1]}")
    assert "The register says of" in alice.get(page).content.decode()
    assert not Amendment.objects.exists()


def test_pressing_twice_says_the_same(alice: Client, page: str, roster: list[int]) -> None:
    for _ in range(2):
        assert alice.post(f"{page}arrive/{roster[0]}").status_code == 302
    assert Amendment.objects.count() == 1


def test_a_colleague_who_may_take_it_as_cover(colleague: User, page: str, roster: list[int]) -> None:
    assert browser(colleague).post(f"{page}arrive/{roster[0]}").status_code == 302
    assert Amendment.objects.get().by_name == "Bob Nowak"


def test_a_colleague_where_cover_is_not_open(colleague: User, page: str, roster: list[int]) -> None:
    School.objects.update(open_cover=False)
    assert browser(colleague).post(f"{page}arrive/{roster[0]}").status_code == 404


def test_the_next_day_there_is_no_button(alice: Client, page: str, roster: list[int], lesson: Lesson) -> None:
    Lesson.objects.update(date=lesson.date - timedelta(days=1))
    School.objects.update(amendment_window=5)
    content = alice.get(page).content.decode()
    assert "/arrive/" not in content
    assert "/amend/" in content
    assert alice.post(f"{page}arrive/{roster[0]}").status_code == 403
    assert not Amendment.objects.exists()


def test_who_may_not(outsider: User, page: str, roster: list[int]) -> None:
    assert browser(outsider).post(f"{page}arrive/{roster[0]}").status_code == 404
    assert Client().post(f"{page}arrive/{roster[0]}").headers["location"].startswith("/accounts/login/")
    assert not Amendment.objects.exists()


@pytest.mark.parametrize("student", ["0", "x", "9" * 19, "9" * 30, str(2**62)])
def test_a_malformed_or_foreign_student_is_404(student: str, alice: Client, page: str) -> None:
    assert alice.post(f"{page}arrive/{student}").status_code == 404


def test_before_it_is_taken_nobody_arrives(alice: Client, lesson: Lesson, roster: list[int]) -> None:
    assert alice.post(f"/lessons/{lesson.pk}/arrive/{roster[0]}").status_code == 404


def test_wrong_method(alice: Client, page: str, roster: list[int]) -> None:
    assert alice.get(f"{page}arrive/{roster[0]}").status_code == 405


def test_store_down(alice: Client, page: str, roster: list[int], mongodb_down: None) -> None:
    assert "/arrive/" in alice.get(page).content.decode(), "the register itself is in SQL"
    response = alice.post(f"{page}arrive/{roster[0]}")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
