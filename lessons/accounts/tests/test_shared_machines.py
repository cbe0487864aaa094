"""A session on a shared machine ends with the browser or when idle; on the user's own device it lasts the day."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from lessons.accounts.sessions import SIGNED_IN_AT
from lessons.factories import SchoolFactory, person
from lessons.models import BrowserSession, Role, User

pytestmark = pytest.mark.django_db

PASSWORD, PAGE, OWN = "correct horse battery", "/accounts/sessions/", "/accounts/sessions/own"
COOKIE = settings.SESSION_COOKIE_NAME
MINUTE = timedelta(minutes=1)


@pytest.fixture
def olive() -> User:
    """Returns a user of the office, who may see all pages."""
    user = person(SchoolFactory.create(), Role.OFFICE, "olive")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(**form: str) -> Client:
    client = Client()
    assert client.post("/accounts/login/", {"username": "olive", "password": PASSWORD, **form}).status_code == 302
    return client


def signed_in(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


def lasts_the_day(seconds: int) -> bool:
    return settings.SESSION_COOKIE_AGE - 60 < seconds <= settings.SESSION_COOKIE_AGE


def last_used(ago: timedelta) -> None:
    BrowserSession.objects.update(seen_at=timezone.now() - ago)


def test_the_form_asks_and_presumes_a_shared_machine(olive: User) -> None:
    page = Client().get("/accounts/login/").content.decode()
    assert "This is my own device" in page and "or after 30 minutes without use" in page
    assert 'name="own"' in page and "checked" not in page
    wrong = Client().post("/accounts/login/", {"username": "olive", "password": "x", "own": "on"}).content.decode()
    assert "checked" in wrong, "the tick stays after a wrong password"


def test_on_a_shared_machine_it_ends_with_the_browser(olive: User) -> None:
    shared, own = sign_in().cookies[COOKIE], sign_in(own="on").cookies[COOKIE]
    assert (shared["max-age"], shared["expires"]) == ("", "")
    assert lasts_the_day(own["max-age"])


def test_any_other_way_to_sign_in_presumes_a_shared_machine_too(olive: User) -> None:
    client = Client()
    client.force_login(olive)
    assert not client.cookies[COOKIE]["max-age"]
    last_used(settings.SESSION_IDLE + MINUTE)
    assert not signed_in(client)


@pytest.mark.parametrize(("own", "stays"), [("", False), ("on", True)])
def test_it_ends_when_it_is_idle(olive: User, own: str, stays: bool) -> None:
    client = sign_in(**({"own": own} if own else {}))
    last_used(settings.SESSION_IDLE - MINUTE)
    assert signed_in(client)
    last_used(settings.SESSION_IDLE + MINUTE)
    assert signed_in(client) is stays
    assert client.get("/session").status_code == (200 if stays else 401)
    assert BrowserSession.objects.exists(), "signing out everywhere still ends its tickets"


@pytest.mark.parametrize("path", ["/session", "/day-pack", "/board/state"])
def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(olive: User, path: str) -> None:
    client = sign_in()
    last_used(10 * MINUTE)
    [before] = BrowserSession.objects.values_list("seen_at", flat=True)
    assert client.get(path).status_code == 200
    assert list(BrowserSession.objects.values_list("seen_at", flat=True)) == [before]
    assert signed_in(client)
    assert list(BrowserSession.objects.values_list("seen_at", flat=True)) != [before]


def test_todays_page_makes_a_device_ones_own_and_shared_again(olive: User) -> None:
    client = sign_in()
    [sid] = BrowserSession.objects.values_list("sid", flat=True)
    assert client.post(OWN, {"own": "yes"}).status_code == 204
    assert lasts_the_day(client.cookies[COOKIE]["max-age"])
    assert list(BrowserSession.objects.values_list("sid", "own_device")) == [(sid, True)]
    assert client.post(OWN, {"own": ""}).status_code == 204
    assert client.cookies[COOKIE]["max-age"] == ""
    assert list(BrowserSession.objects.values_list("sid", "own_device")) == [(sid, False)]


def test_saying_so_again_makes_the_day_no_longer(olive: User) -> None:
    client = sign_in(own="on")
    session = client.session
    session[SIGNED_IN_AT] = (timezone.now() - timedelta(hours=9)).isoformat()
    session.save()
    client.post(OWN, {"own": "yes"})
    assert client.cookies[COOKIE]["max-age"] <= 60 * 60
    assert BrowserSession.objects.get().expire_date <= timezone.now() + timedelta(hours=1)


def test_only_the_signed_in_say_so(olive: User) -> None:
    assert Client().post(OWN, {"own": "yes"})["Location"].startswith("/accounts/login/")
    assert sign_in().get(OWN).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(olive)
    assert strict.post(OWN, {"own": "yes"}).status_code == 403


def test_where_somebody_is_signed_in_is_told_without_what_has_ended(olive: User) -> None:
    own = sign_in(own="on")
    sign_in()
    page = own.get(PAGE).content.decode()
    assert page.count('<li class="card">') == 2
    assert (page.count("Your own device"), page.count("A shared device")) == (1, 1)
    last_used(settings.SESSION_IDLE + MINUTE)
    assert own.get(PAGE).content.decode().count('<li class="card">') == 1
