"""Everything issued to a sign-in ends with it, also where SQL is not used; and nothing else does."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from absences.repair import reconcile
from absences.reporting import revocations
from absences.store import mongo
from absences.tests.api import Api, due_today, with_ticket
from absences.tests.pages import browser
from lessons.accounts.sessions import SessionStore
from lessons.factories import LessonFactory, person
from lessons.lifetimes import TICKETS_END
from lessons.models import BrowserSession, Lesson, LessonStaff, RefreshToken, Revocation, Role, School, StaffKind, User

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"
SESSIONS = "/accounts/sessions/"


@pytest.fixture(autouse=True)
def _time_passes() -> Iterator[None]:
    """Makes sure that a token issued after a revocation is not of the same millisecond."""
    with time_machine.travel(timezone.now(), tick=True):
        yield


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds to add to this process's clock."""
    passed, real = [0.0], monotonic
    monkeypatch.setattr(revocations, "monotonic", lambda: real() + passed[0])
    return passed


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher, students=1)


@pytest.fixture
def path(lesson: Lesson, roster: list[int]) -> str:
    return f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}"


@pytest.fixture
def report(path: str) -> Callable[[Api], int]:
    return lambda api: int(api.put(path).status_code)


@pytest.fixture
def admin(school: School) -> Client:
    return browser(person(school, Role.ADMIN, "ada", is_staff=True))


def kept(client: Client) -> Api:
    """Returns a client with the ticket of the day pack that a browser keeps."""
    [lesson] = client.get("/day-pack").json()["lessons"]
    return Api(lesson["ticket"])


def sid(client: Client) -> str:
    store = client.session
    assert isinstance(store, SessionStore)
    return store.sid


def tokens_of(user: User) -> dict[str, str]:
    user.set_password(PASSWORD)
    user.save()
    reconcile.reconcile(timezone.now())  # publishes what the new password ended
    answer = Client().post(
        "/api/v1/token", {"username": user.username, "password": PASSWORD}, content_type="application/json"
    )
    return dict(answer.json())


def asked(api: Api, lesson: Lesson) -> Api:
    """Returns a client with a ticket from the API."""
    return Api(api.get(f"/api/v1/lessons/{lesson.pk}").json()["ticket"])


def later(clock: list[float]) -> None:
    clock[0] += revocations.READ_EVERY


WAYS: dict[str, Callable[[Client, Client], Any]] = {
    "signs out": lambda lost, stays: lost.post("/accounts/logout/"),
    "signs out of the admin": lambda lost, stays: lost.post("/admin/logout/"),
    "signed out from the other": lambda lost, stays: stays.post(f"{SESSIONS}{sid(lost)}/end"),
    "signed out everywhere else": lambda lost, stays: stays.post(f"{SESSIONS}end-others"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_tickets_sign_in_ends_and_no_other(
    way: str, teacher: User, lesson: Lesson, report: Callable[[Api], int], clock: list[float]
) -> None:
    User.objects.filter(pk=teacher.pk).update(is_staff=True)
    teacher.memberships.create(school=lesson.school, role=Role.ADMIN)
    lost, stays = browser(teacher), browser(teacher)
    theirs, ours = kept(lost), kept(stays)
    assert (report(theirs), report(ours)) == (202, 202)
    assert WAYS[way](lost, stays).status_code == 302
    later(clock)
    assert (report(theirs), report(ours)) == (401, 202)
    assert theirs.get(f"/api/v1/lessons/{lesson.pk}/absences").status_code == 401
    assert not Revocation.objects.exists()


@pytest.mark.parametrize("way", ["signs out", "signs in again"])
def test_a_session_that_idle_time_has_closed_still_ends_with_its_tickets(
    way: str, teacher: User, lesson: Lesson, report: Callable[[Api], int], clock: list[float]
) -> None:
    teacher.set_password(PASSWORD)
    teacher.save()
    reconcile.reconcile(timezone.now())
    alice = browser(teacher)
    ticket = kept(alice)
    BrowserSession.objects.update(seen_at=timezone.now() - settings.SESSION_IDLE)
    assert report(ticket) == 202
    if way == "signs out":
        alice.post("/accounts/logout/")
    else:
        alice.post("/accounts/login/", {"username": teacher.username, "password": PASSWORD})
    later(clock)
    assert report(ticket) == 401


def test_the_page_of_a_register_has_a_ticket_of_its_sign_in(
    teacher: User, lesson: Lesson, report: Callable[[Api], int], clock: list[float]
) -> None:
    alice = browser(teacher)
    found = alice.get(f"/lessons/{lesson.pk}/").content.decode().split('"ticket": "')[1].split('"')[0]
    by_script = Api(alice.get(f"/api/v1/lessons/{lesson.pk}").json()["ticket"])
    assert (report(Api(found)), report(by_script)) == (202, 202)
    alice.post("/accounts/logout/")
    later(clock)
    assert (report(Api(found)), report(by_script)) == (401, 401)


def test_idle_time_and_age_end_the_session_and_not_what_is_being_tapped(
    teacher: User, lesson: Lesson, report: Callable[[Api], int], clock: list[float]
) -> None:
    alice = browser(teacher)
    ticket = kept(alice)
    BrowserSession.objects.update(seen_at=timezone.now() - settings.SESSION_IDLE, expire_date=timezone.now())
    assert alice.get("/session").status_code == 401
    reconcile.reconcile(timezone.now())
    later(clock)
    assert report(ticket) == 202
    browser(teacher).post(f"{SESSIONS}end-others")
    later(clock)
    assert report(ticket) == 401, "signed out everywhere, it dies"


def test_what_expired_long_ago_is_told_to_nobody(teacher: User, school: School) -> None:
    browser(teacher)
    tokens_of(teacher)
    mongo.revocations().delete_many({})
    long_ago = timezone.now() - TICKETS_END
    BrowserSession.objects.update(expire_date=long_ago)
    RefreshToken.objects.update(expires_at=long_ago)
    reconcile.reconcile(timezone.now())
    assert not BrowserSession.objects.exists() and not RefreshToken.objects.exists()
    assert not Revocation.objects.exists() and mongo.revocations().find_one() is None


def test_without_the_store_signing_out_works_and_is_told_later(
    teacher: User, mongodb_down: None, caplog: pytest.LogCaptureFixture
) -> None:
    lost, stays = browser(teacher), browser(teacher)
    assert lost.post("/accounts/logout/").status_code == 302
    assert (lost.get("/session").status_code, stays.get("/session").status_code) == (401, 200)
    assert "could not be published yet" in caplog.text
    [row] = Revocation.objects.all()
    assert row.user_id == teacher.pk and row.sid and row.noticed_at


def test_a_new_password_ends_all_tickets_and_gives_new_ones_to_who_stays(
    teacher: User, lesson: Lesson, report: Callable[[Api], int], clock: list[float]
) -> None:
    teacher.set_password(PASSWORD)
    teacher.save()
    lost, stays = browser(teacher), browser(teacher)
    before, theirs, ours = sid(stays), kept(lost), kept(stays)
    new = {"new_password1": "a quite new one", "new_password2": "a quite new one"}
    assert stays.post("/accounts/password/", {"old_password": PASSWORD, **new}).status_code == 302
    later(clock)
    assert (report(theirs), report(ours), report(kept(stays))) == (401, 401, 202)
    assert sid(stays) == before and lost.get("/session").status_code == 401


def test_the_browser_is_told_to_forget(teacher: User) -> None:
    """It keeps its cookies, which make the browser known, and keeps its storage if marks wait there."""
    header = "Clear-Site-Data"
    assert browser(teacher).post("/accounts/logout/")[header] == '"cache"'
    assert browser(teacher).post("/accounts/logout/", {"waits": "something"})[header] == '"cache"'
    assert browser(teacher).post("/accounts/logout/", {"waits": "nothing"})[header] == '"cache", "storage"'
    for path in ("/session", "/day-pack", "/board/state"):
        ended = Client(headers={"cookie": f"{settings.SESSION_COOKIE_NAME}={'x' * 32}"})
        assert ended.get(path)[header] == '"cache"'
        for goes_on in (browser(teacher), Client()):
            assert header not in goes_on.get(path).headers, "a page left open asks again and again"


# --- Of programs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["revoke", "everywhere else", "admin", "stolen"])
def test_a_family_ends_with_its_access_tokens_and_tickets(
    way: str, teacher: User, office: User, lesson: Lesson, report: Callable[[Api], int], admin: Client,
    clock: list[float],
) -> None:  # fmt: skip
    program, other = tokens_of(office), tokens_of(teacher)
    access = Api(program["access"])
    ticket, theirs = (asked(Api(each["access"]), lesson) for each in (program, other))
    assert [report(each) for each in (access, ticket, theirs)] == [202] * 3
    if way == "revoke":
        assert Api().post("/api/v1/token/revoke", {"refresh": program["refresh"]}).status_code == 204
    elif way == "everywhere else":
        browser(office).post(f"{SESSIONS}end-others")
    elif way == "admin":
        row = RefreshToken.objects.get(user=office)
        answer = admin.post(f"/admin/lessons/refreshtoken/{row.pk}/delete/", {"post": "yes"})
        assert answer.status_code == 302
    else:
        assert Api().post("/api/v1/token/refresh", {"refresh": program["refresh"]}).status_code == 200
        RefreshToken.objects.filter(user=office).update(jti="of another")  # as if the token had been used before
        assert Api().post("/api/v1/token/refresh", {"refresh": program["refresh"]}).status_code == 401
    assert access.get("/api/v1/groups").status_code == 401, "at once, where SQL is asked"
    later(clock)
    assert [report(each) for each in (access, ticket, theirs)] == [401, 401, 202]


def test_a_refreshed_token_is_of_the_same_sign_in(
    office: User, report: Callable[[Api], int], clock: list[float]
) -> None:
    first = tokens_of(office)
    second = Api().post("/api/v1/token/refresh", {"refresh": first["refresh"]}).json()
    assert [report(Api(each["access"])) for each in (first, second)] == [202, 202]
    Api().post("/api/v1/token/revoke", {"refresh": second["refresh"]})
    later(clock)
    assert [report(Api(each["access"])) for each in (first, second)] == [401, 401]


# --- Of the staff of a lesson ----------------------------------------------------------------------------------------


@pytest.fixture
def other(teacher: User, lesson: Lesson) -> Lesson:
    """Returns another lesson of the same group and teacher."""
    hours = {"start_time": lesson.start_time, "end_time": lesson.end_time}
    return LessonFactory.create(group=lesson.group, taught_by=teacher, date=lesson.date, **hours)


OFF: dict[str, Callable[[LessonStaff, User], Any]] = {
    "removed": lambda staff, colleague: staff.delete(),
    "replaced": lambda staff, colleague: LessonStaff.objects.filter(pk=staff.pk).update(user=colleague),
}


@pytest.mark.parametrize("way", OFF)
def test_who_is_taken_off_the_staff_loses_the_tickets_for_that_lesson(
    way: str, teacher: User, colleague: User, lesson: Lesson, other: Lesson, roster: list[int], path: str,
    clock: list[float],
) -> None:  # fmt: skip
    elsewhere = f"/api/v1/lessons/{other.pk}/absences/{roster[0]}"
    ticket, of_other = with_ticket(teacher, lesson, roster), with_ticket(teacher, other, roster)
    of_colleague = with_ticket(colleague, lesson, roster)
    OFF[way](lesson.staff.get(), colleague)
    reconcile.reconcile(timezone.now())
    later(clock)
    assert [ticket.put(path).status_code, of_colleague.put(path).status_code] == [401, 202]
    assert of_other.put(elsewhere).status_code == 202
    again = with_ticket(teacher, lesson, roster)  # as cover, because the school has open cover
    assert again.put(path).status_code == 202


def test_another_kind_of_staff_takes_nothing_away(teacher: User, lesson: Lesson) -> None:
    lesson.staff.update(kind=StaffKind.ASSISTANT, updated_at=timezone.now())
    assert not Revocation.objects.exists()


def test_a_lesson_to_come_has_no_tickets_to_be_told_of(teacher: User, lesson: Lesson) -> None:
    Lesson.objects.filter(pk=lesson.pk).update(date=lesson.date + timedelta(days=7))
    lesson.staff.all().delete()
    assert Revocation.objects.get().lesson_id == lesson.pk
    reconcile.reconcile(timezone.now())
    assert not Revocation.objects.exists() and mongo.revocations().find_one() is None
