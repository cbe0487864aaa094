"""A register at past times: taken at 09:05 in London on 14 September 2026, and amended twice since."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from absences.conftest import NOW
from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store.reports import Report
from absences.tests.pages import browser
from lessons.models import Lesson, User

pytestmark = pytest.mark.django_db(transaction=True)

ILL = NOW + timedelta(hours=1)
VOID = NOW + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _a_week_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the date, whatever the machine's calendar says."""
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(days=7))


@pytest.fixture
def page(teacher: User, office: User, claims: Claims, lesson: Lesson, roster: list[int]) -> str:
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N")], NOW)
    completion.complete(teacher, lesson.pk, now=NOW, roster_seen=roster)
    ill = Change(student_id=roster[0], code="I", reason="Rang")
    amendments.amend(office, lesson.pk, [ill], now=ILL)
    amendments.void(office, lesson.pk, "Wrong class", now=VOID)
    return f"/lessons/{lesson.pk}/"


@pytest.fixture
def olive(office: User) -> Client:
    return browser(office)


def test_now_every_amended_mark_says_what_it_was_first(olive: Client, page: str) -> None:
    content = olive.get(page).content.decode()
    assert content.count("amended") == 4
    assert content.count("first entry: Absent") == 1
    assert content.count("first entry: Present") == 3


@pytest.mark.parametrize(
    ("at", "shown", "hidden"),
    [
        ("2026-09-14T09:30", ">Absent", "first entry"),
        ("2026-09-14T10:05:00", "first entry: Absent", "Wrong class"),
        ("2026-09-14T09:05:00+00:00", "Rang", "Wrong class"),
        ("2026-09-14T10:04:59", ">Absent", "Rang"),
        ("2026-09-14T11:06", "Wrong class", "To be taken"),
    ],
)
def test_as_it_stood(at: str, shown: str, hidden: str, olive: Client, page: str) -> None:
    content = " ".join(olive.get(page, {"at": at}).content.decode().split()).replace("> Absent", ">Absent")
    assert "As it stood on Monday 14 September 2026" in content
    assert f'href="{page}">As it stands now' in content
    assert shown in content
    assert hidden not in content
    for way in ("/amend/", "/arrive/", "/void", "/give-again"):
        assert way not in content


def test_each_change_leads_to_what_stood_before(olive: Client, page: str) -> None:
    content = olive.get(page).content.decode()
    before = f"{page}?at=2026-09-14T09%3A04%3A59.999%2B00%3A00"
    assert f'href="{before}"' in content
    stood = olive.get(before.replace("%2B", "%2b")).content.decode()
    assert "10:04:59" in stood
    assert "Rang" not in stood


def test_before_it_was_taken(olive: Client, page: str) -> None:
    response = olive.get(page, {"at": "2026-09-14T09:04"})
    assert response.status_code == 404
    assert "09:04:00 this register had not been taken yet" in response.content.decode()
    assert 'type="datetime-local"' in response.content.decode(), "another time can be chosen"


def test_a_register_that_is_not_taken_never_stood(olive: Client, lesson: Lesson) -> None:
    assert olive.get(f"/lessons/{lesson.pk}/", {"at": "2026-09-14T09:04"}).status_code == 404


def test_no_time_is_now(olive: Client, page: str) -> None:
    content = olive.get(page, {"at": ""}).content.decode()
    assert "As it stood" not in content
    assert "/amend/" in content


@pytest.mark.parametrize(
    "at",
    ["then", "2026-02-30T09:00", "\0", "2026-09-14T25:00", "0001-01-01T00:00", "9999-12-31T23:59", "2099-01-01T00:00"],
)
def test_a_malformed_time_or_one_to_come_is_400(at: str, olive: Client, page: str) -> None:
    assert olive.get(page, {"at": at}).status_code == 400


def test_who_may_not(outsider: User, page: str) -> None:
    assert browser(outsider).get(page, {"at": "2026-09-14T09:30"}).status_code == 404
    assert Client().get(page, {"at": "2026-09-14T09:30"}).headers["location"].startswith("/accounts/login/")


def test_it_asks_no_absence_store(olive: Client, page: str, mongodb_down: None) -> None:
    assert olive.get(page, {"at": "2026-09-14T09:30"}).status_code == 200
