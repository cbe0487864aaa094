"""A register as it stood at some time, as a page."""

from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from absences import amendments, completion
from absences.amendments import Change
from absences.tests.api import due_today
from absences.tests.pages import browser
from lessons.models import Lesson, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def corrected(lesson: Lesson, teacher: User, office: User, roster: list[int]) -> datetime:
    """Taken, everyone present; at this time one was corrected to ill."""
    now = timezone.now()
    completion.complete(teacher, lesson.pk, now=now - timedelta(minutes=2), roster_seen=roster)
    amendments.amend(office, lesson.pk, [Change(student_id=roster[0], code="I", reason="Mother rang")], now=now)
    return now


@pytest.fixture
def olive(office: User) -> Client:
    return browser(office)


def see(client: Client, lesson: Lesson, at: str) -> tuple[int, str]:
    response = client.get(f"/lessons/{lesson.pk}/?at={quote(at)}")
    return response.status_code, response.content.decode()


def test_now_it_shows_what_was_first_entered(olive: Client, lesson: Lesson, corrected: datetime) -> None:
    page = olive.get(f"/lessons/{lesson.pk}/").content.decode()
    assert page.count("amended, first entry: Present") == 1
    assert "as it stood on" not in page


def test_before_the_correction(olive: Client, lesson: Lesson, corrected: datetime) -> None:
    status, page = see(olive, lesson, (corrected - timedelta(minutes=1)).isoformat())
    assert (status, "This is the register as it stood on" in page) == (200, True)
    assert "Mother rang" not in page
    assert "amended" not in page
    assert "/amend/" not in page, "the past is not corrected"


def test_at_the_correction(olive: Client, lesson: Lesson, corrected: datetime) -> None:
    _, page = see(olive, lesson, corrected.isoformat())
    assert "Mother rang" in page


def test_as_the_schools_clocks_show_it(olive: Client, lesson: Lesson, corrected: datetime) -> None:
    """As the page's own field sends it."""
    School.objects.update(time_zone="Asia/Tokyo")
    tokyo = corrected + timedelta(hours=9)
    assert "Mother rang" in see(olive, lesson, f"{tokyo + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}")[1]
    assert "Mother rang" not in see(olive, lesson, f"{tokyo - timedelta(seconds=60):%Y-%m-%dT%H:%M:%S}")[1]


def test_the_link_beside_a_change_leads_before_it(olive: Client, lesson: Lesson, corrected: datetime) -> None:
    page = olive.get(f"/lessons/{lesson.pk}/").content.decode()
    link = page.split('href="?at=')[1].split('"')[0]
    before = olive.get(f"/lessons/{lesson.pk}/?at={link}")
    assert (before.status_code, b"Mother rang" in before.content) == (200, False)


def test_before_there_was_a_register(olive: Client, lesson: Lesson, corrected: datetime) -> None:
    status, page = see(olive, lesson, (corrected - timedelta(hours=1)).isoformat())
    assert (status, "no register at that time" in page) == (404, True)


@pytest.mark.parametrize("at", ["soon", "2026-13-45T99:00", "0001-01-01T00:00", "9999-12-31T23:59:59Z", "٢٠٢٦-٠٩-١٤"])
def test_what_is_no_time(at: str, olive: Client, lesson: Lesson, corrected: datetime) -> None:
    assert see(olive, lesson, at)[0] == 400


def test_an_outsider(outsider: User, lesson: Lesson, corrected: datetime) -> None:
    assert see(browser(outsider), lesson, corrected.isoformat())[0] == 404
