"""Browser sessions: seen and ended by their owner, a working day long, ended by a new password."""

import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from lessons.accounts import authentication
from lessons.accounts.sessions import device_of
from lessons.database import expiry
from lessons.factories import SchoolFactory, person
from lessons.lifetimes import TICKETS_END
from lessons.models import BrowserSession, RefreshToken, Role, School, User

pytestmark = pytest.mark.django_db

PASSWORD, PATH = "correct horse battery", "/accounts/sessions/"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture
def alice(school: School) -> User:
    user = person(school, Role.TEACHER, "alice")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(name: str = "alice", agent: str = DESK, **more: Any) -> Client:
    """Signs in on a shared machine, unless with `own="on"`."""
    client = Client(headers={"user-agent": agent})
    form = {"username": name, "password": PASSWORD, **more}
    assert client.post("/accounts/login/", form).status_code == 302
    return client


def signed_in(client: Client) -> bool:
    return client.get(PATH).status_code == 200


def sid(agent: str) -> str:
    return BrowserSession.objects.get(device=device_of(agent)).sid


def test_where_somebody_is_signed_in(alice: User) -> None:
    phone, desk = sign_in(agent=PHONE), sign_in()
    said = desk.get(PATH).content.decode()
    assert "Safari on iPhone" in said and "Chrome on Windows" in said and said.count("this one") == 1
    keys = [client.cookies["sessionid"].value for client in (phone, desk)]
    keys += BrowserSession.objects.values_list("pk", flat=True)
    assert len(keys) == 4 and not any(key in said for key in keys), "keys of sessions are never shown"
    assert signed_in(phone)


def test_one_is_ended(alice: User) -> None:
    phone, desk = sign_in(agent=PHONE), sign_in()
    assert desk.post(f"{PATH}{sid(PHONE)}/end")["Location"] == PATH
    assert (signed_in(phone), signed_in(desk)) == (False, True)
    assert desk.post(f"{PATH}{'0' * 24}/end").status_code == 404


def test_all_others_are_ended_tokens_too(alice: User, school: School) -> None:
    phone, desk = sign_in(agent=PHONE), sign_in()
    authentication.token_pair(alice, school.pk, now=timezone.now())
    assert "One program uses the API" in desk.get(PATH).content.decode()
    assert desk.post(f"{PATH}end-others").status_code == 302
    assert (signed_in(phone), signed_in(desk), RefreshToken.objects.exists()) == (False, True, False)


def test_nobody_ends_anothers(alice: User, school: School) -> None:
    desk, other = sign_in(), person(school, Role.TEACHER, "bob")
    stranger = Client()
    stranger.force_login(other)
    assert stranger.post(f"{PATH}{sid(DESK)}/end").status_code == 404
    stranger.post(f"{PATH}end-others")
    assert signed_in(desk) and "Chrome" not in stranger.get(PATH).content.decode()
    assert Client().get(PATH)["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", ["end-others", "x/end"])
def test_ending_is_a_post_with_a_token_of_the_form(path: str, alice: User) -> None:
    desk = sign_in()
    assert desk.get(f"{PATH}{path}").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = desk.cookies
    assert strict.post(f"{PATH}{path}").status_code == 403
    assert Client(enforce_csrf_checks=True).post("/accounts/login/", {}).status_code == 403
    assert desk.get("/accounts/logout/").status_code == 405 and signed_in(desk)


def test_a_new_password_ends_all_others(alice: User, school: School) -> None:
    phone, desk = sign_in(agent=PHONE), sign_in()
    authentication.token_pair(alice, school.pk, now=timezone.now())
    form = {"old_password": PASSWORD, "new_password1": "a quite new one", "new_password2": "a quite new one"}
    assert desk.post("/accounts/password/", form | {"old_password": "guess"}).status_code == 200
    assert signed_in(phone)
    assert desk.post("/accounts/password/", form).status_code == 302
    assert (signed_in(phone), signed_in(desk), RefreshToken.objects.exists()) == (False, True, False)


def test_the_old_password_is_not_guessed_at_a_desk_that_was_left(alice: User) -> None:
    """They count as tries to sign in on that browser."""
    desk, new = sign_in(), {"new_password1": "a quite new one", "new_password2": "a quite new one"}
    said = [desk.post("/accounts/password/", {"old_password": f"guess {n}", **new}).content.decode() for n in range(13)]
    assert ["Too many attempts" in page for page in said] == [False] * 11 + [True] * 2
    assert desk.post("/accounts/password/", {"old_password": PASSWORD, **new}).status_code == 200
    assert desk.post("/accounts/logout/").status_code == 302
    assert desk.post("/accounts/login/", {"username": "alice", "password": PASSWORD}).status_code == 429


def test_an_admin_is_asked_for_their_own_old_password_too(school: School) -> None:
    ada = person(school, Role.ADMIN, "ada", is_staff=True)
    browser = Client()
    browser.force_login(ada)
    new = {"password1": "another long one", "password2": "another long one", "usable_password": "true"}
    answer = browser.post(f"/admin/lessons/user/{ada.pk}/password/", new)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/password/")
    ada.refresh_from_db()
    assert not ada.check_password("another long one")


def test_nor_in_the_admin_which_has_no_page_of_its_own_for_it(school: School) -> None:
    client = Client()
    client.force_login(person(school, Role.ADMIN, "ada", is_staff=True))
    for method in (client.get, client.post):
        assert method("/admin/password_change/")["Location"] == "/accounts/password/"


@pytest.mark.parametrize("how", ["admin sets it", "deactivated"])
def test_a_session_ends_with_what_it_stands_on(alice: User, how: str) -> None:
    desk = sign_in()
    if how == "deactivated":
        User.objects.update(is_active=False)
    else:
        alice.set_password("another good one")
        alice.save()
    assert not signed_in(desk)


def test_an_account_that_became_a_systems_has_no_pages(alice: User) -> None:
    desk = sign_in()
    alice.memberships.update(role=Role.INTEGRATOR)
    assert (desk.get("/").status_code, desk.get("/api/v1/groups").status_code) == (403, 403)


def test_for_a_working_day(alice: User) -> None:
    desk = sign_in(own="on")
    cookie = desk.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert 36000 - 60 < cookie["max-age"] <= 36000
    BrowserSession.objects.update(expire_date=timezone.now())
    assert not signed_in(desk)
    assert sum(expiry.forget(timezone.now())) == 0, "signing out everywhere still ends its tickets"
    expired = timezone.now() + TICKETS_END
    assert sum(expiry.forget(expired)) >= 1 and not BrowserSession.objects.filter(user=alice).exists()


def test_its_last_use_is_kept_to_a_sixth_of_the_idle_time(alice: User) -> None:
    desk = sign_in()
    for ago, moved in ((timedelta(minutes=4), False), (timedelta(minutes=6), True)):
        before = timezone.now() - ago
        BrowserSession.objects.update(seen_at=before)
        assert signed_in(desk)
        assert (BrowserSession.objects.get().seen_at != before) is moved


def test_cookies_behind_https() -> None:
    """In production, cookies belong to this host alone and are sent only over HTTPS."""
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DEVICE_COOKIE_NAME")
    told = ", ".join(f"s.{name}" for name in (*names, "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"))
    said = subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings as s; print({told})"],
        env=os.environ | {"HTTPS": "true"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.split() == ["__Host-sessionid", "__Host-csrftoken", "__Host-device", "True", "True"]


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (PHONE, "Safari on iPhone"),
        (DESK, "Chrome on Windows"),
        ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/140 Safari/537", "Chrome on Chromebook"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15) Gecko/2010 Firefox/144.0", "Firefox on Mac"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_devices_in_plain_words(agent: str, device: str) -> None:
    assert device_of(agent) == device and len(device) <= 60


@pytest.mark.parametrize("key", ["abcdefghij\\000", "abcdefghij\\303\\244", "x" * 4000, "A' OR 1=1 --"])
def test_a_cookie_that_no_session_ever_had_is_nobodys(key: str) -> None:
    """PostgreSQL would refuse the first, and the answer would be 500."""
    client = Client(headers={"cookie": f'{settings.SESSION_COOKIE_NAME}="{key}"'})
    assert client.get("/session").status_code == 401
    assert client.get("/").status_code == 302


def test_who_signs_in_is_signed_in_whoever_was_before(alice: User, school: School) -> None:
    """A colleague with a stale page must not take registers in the previous user's name."""
    bob = person(school, Role.TEACHER, "bob")
    bob.set_password(PASSWORD)
    bob.save()
    browser = sign_in()
    assert browser.post("/accounts/login/", {"username": "bob", "password": "guess"}).status_code == 200
    assert browser.get("/session").json()["user"] == alice.pk
    assert browser.post("/accounts/login/", {"username": "bob", "password": PASSWORD}).status_code == 302
    assert browser.get("/session").json()["user"] == bob.pk
    assert not BrowserSession.objects.filter(user=alice).exists()


def test_what_was_signed_in_before_an_account_was_suspended_stays_ended(alice: User, school: School) -> None:
    browser = sign_in()
    refresh = authentication.token_pair(alice, school.pk, now=timezone.now())["refresh"]
    for is_active in (False, True):
        User.objects.filter(pk=alice.pk).update(is_active=is_active)
    assert not signed_in(browser)
    answer = Client().post("/api/v1/token/refresh", {"refresh": refresh}, content_type="application/json")
    assert answer.status_code == 401
