"""Limits on signing in, on the page and in the API."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher, identify_hasher
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from lessons.accounts import shared_counter, sign_in
from lessons.accounts.network import network
from lessons.accounts.tests.signing_in import HOME, PASSWORD, SCHOOLS, api, colleague, guesses, page
from lessons.factories import CLIENT_SECRET, ApiClientFactory, person
from lessons.models import Role, School, User

pytestmark = pytest.mark.django_db


def test_five_tries_and_then_a_pause(alice: User, clock: time_machine.Traveller) -> None:
    guesser = Client()
    assert guesses(guesser) == 5
    assert page(guesser) == 429, "the right one is not checked either"
    answer = guesser.post("/accounts/login/", {"username": "alice", "password": PASSWORD}, REMOTE_ADDR=SCHOOLS)
    assert 1 <= int(answer["Retry-After"]) <= 300
    text = " ".join(answer.content.decode().split())
    assert "Wait 5 minutes and try again. You can sign in now on a browser that your school’s staff use." in text
    clock.shift(timedelta(minutes=5))
    assert page(guesser) == 302


def test_who_waits_is_told_of_the_longest_wait(alice: User, clock: time_machine.Traveller) -> None:
    for _ in range(4):
        assert guesses(Client()) == 5
        clock.shift(timedelta(minutes=5))
    answer = api()
    assert (answer.status_code, int(answer["Retry-After"])) == (429, 40 * 60)
    clock.shift(timedelta(minutes=40))
    assert api().status_code == 200


def test_page_and_api_count_together(alice: User) -> None:
    for _ in range(5):
        assert api("guess").status_code == 401
    answer = api()
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
    assert int(answer["Retry-After"]) > 0 and page(Client()) == 429
    assert "sign in now on a browser that your school’s staff use" in answer.json()["detail"]


def test_what_is_right_is_not_counted(alice: User) -> None:
    assert {page(Client()) for _ in range(12)} == {302}
    own = Client()
    for _ in range(3):
        assert [page(own, "guess") for _ in range(4)] == [200] * 4
        assert page(own) == 302


def test_nor_does_it_give_new_tries_to_who_guesses_elsewhere(alice: User) -> None:
    assert [page(Client(), "guess") for _ in range(4)] == [200] * 4
    assert (page(Client()), guesses(Client())) == (302, 1)


def test_a_school_behind_one_address_signs_in_while_somebody_guesses_there(school: School) -> None:
    staff = [colleague(school, f"teacher{n}") for n in range(8)]
    assert guesses(Client(), name="teacher0") == 5
    assert [page(Client(), name=user.username) for user in staff] == [429] + [302] * 7


def test_guesses_from_everywhere_end_where_the_account_never_was(alice: User) -> None:
    assert page(Client()) == 302, "from the school"
    tried = [page(Client(), "guess", at=f"203.0.{n // 4}.1") for n in range(40)]
    assert tried.count(200) == sign_in.BY_ACCOUNT.tries
    assert page(Client(), at=HOME) == 429
    assert page(Client()) == 302, "the school's network is known"


def test_a_network_that_tries_one_account_after_the_other(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, clock: time_machine.Traveller
) -> None:
    monkeypatch.setattr(sign_in, "SPRAYING", sign_in.Limit("network", 6, timedelta(minutes=10)))
    own = Client()
    assert page(own) == 302
    assert [page(Client(), "guess", name=f"user{n}") for n in range(9)] == [200] * 6 + [429] * 3
    assert (page(own), page(Client()), page(Client(), at=HOME)) == (302, 429, 302)
    [said] = [record for record in caplog.records if record.name == "lessons.accounts.sign_in"]
    assert said.levelname == "WARNING" and "6 sign-ins failed within 10 minutes, by network" in said.getMessage()
    assert not {SCHOOLS, "user"} & set(said.getMessage().replace(":", " ").split())
    clock.shift(timedelta(minutes=10))
    assert page(Client()) == 302


@pytest.mark.parametrize("own_device", [True, False])
def test_who_comes_every_day_stays_known(own_device: bool, alice: User, clock: time_machine.Traveller) -> None:
    client = Client()
    for _ in range(4):
        assert page(client if own_device else Client()) == 302
        clock.shift(timedelta(days=12))
        assert shared_counter.current("known network", "alice", SCHOOLS, now=timezone.now()).hits
    clock.shift(timedelta(days=30))
    assert not shared_counter.current("known network", "alice", SCHOOLS, now=timezone.now()).hits


def test_nobody_learns_which_accounts_exist(alice: User) -> None:
    User.objects.create(username="gone", is_active=False)
    ApiClientFactory.create(user__username="machine", user__password="!")
    said = set()
    for name in ("alice", "gone", "nobody", "machine"):
        answers = [api("guess", name=name) for _ in range(6)]
        said.add(tuple((each.status_code, each.json()["detail"]) for each in answers))
    assert len(said) == 1


def test_nor_by_the_time_it_takes(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is that of the hash, which is made once for every name; `benchmarks.signin` measures it."""
    User.objects.create(username="gone", is_active=False, password=alice.password)
    ApiClientFactory.create(user__username="machine", user__password="!")
    hashed, encode = list[str](), MD5PasswordHasher.encode

    def counted(hasher: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(hasher, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    for name in ("alice", "gone", "nobody", "machine"):
        assert (api("guess", name=name).status_code, page(Client(), "guess", name=name)) == (401, 200)
        assert hashed == ["guess"] * 2, name
        hashed.clear()


def test_other_systems(school: School) -> None:
    client = ApiClientFactory.create(school=school)
    wrong = {"client_id": client.client_id, "client_secret": "guess"}
    right = wrong | {"client_secret": CLIENT_SECRET}
    assert [api(**wrong, at=HOME).status_code for _ in range(6)] == [401] * 5 + [429]
    for n in range(40):
        api(**wrong, at=f"203.0.{n}.1")
    assert api(**right).status_code == 200, "nobody locks it out from elsewhere"
    assert api(**right, at=HOME).status_code == 200, "nor from the next desk"


def test_a_system_has_no_pages(school: School, client: Client) -> None:
    user = person(school, Role.INTEGRATOR, "mis")
    user.set_password(PASSWORD)
    user.save()
    answer = client.post("/accounts/login/", {"username": "mis", "password": PASSWORD})
    assert answer.status_code == 200 and "uses the API" in answer.content.decode()
    assert api(name="mis").status_code == 200


def test_the_admin_has_no_door_of_its_own(client: Client, alice: User) -> None:
    answer = client.get("/admin/login/?next=/admin/lessons/student/")
    assert answer["Location"] == "/accounts/login/?next=/admin/lessons/student/"
    assert client.post("/admin/login/", {"username": "alice", "password": PASSWORD}).status_code == 302
    assert "_auth_user_id" not in client.session
    client.force_login(alice)
    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize(
    "next_", ["https://example.org/", "//example.org", "javascript:alert(1)", "/\\example.org", "http:///x"]
)
def test_nobody_is_sent_elsewhere(next_: str, alice: User, client: Client) -> None:
    form = {"username": "alice", "password": PASSWORD, "next": next_}
    assert client.post("/accounts/login/", form)["Location"] == "/"
    assert client.get("/admin/login/", {"next": next_}, follow=False).status_code in (302, 403)


def test_signing_in_changes_the_session(alice: User, client: Client) -> None:
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = 1
    session.save()
    before = session.session_key
    page(client)
    assert client.session.session_key != before


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "is_"),
    [
        (0, "192.0.2.1", "10.0.0.1", "10.0.0.1"),
        (1, "192.0.2.66, 192.0.2.1", "10.0.0.1", "192.0.2.1"),
        (2, "6.6.6.6, 192.0.2.1, 10.0.0.2", "10.0.0.1", "192.0.2.1"),
        (2, "192.0.2.1", "10.0.0.1", "10.0.0.1"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (0, "", "::ffff:192.0.2.1", "192.0.2.1"),
        (1, "192.0.2.1:4711", "10.0.0.1", "192.0.2.1"),
        (1, "[2001:db8:1:2::9]:4711", "10.0.0.1", "2001:db8:1:2::"),
        (1, "[2001:db8:1:2::9]", "10.0.0.1", "2001:db8:1:2::"),
        (1, "nonsense", "10.0.0.1", "unknown"),
        (0, "", "", "unknown"),
    ],
)
def test_from_where(proxies: int, forwarded: str, remote: str, is_: str, rf: Any, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert network(rf.get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)) == is_


def test_passwords_are_hashed_anew_as_they_should_be_today(alice: User, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["lessons.hashers.Argon2PasswordHasher", *settings.PASSWORD_HASHERS]
    assert identify_hasher(alice.password).algorithm == "md5"
    assert page(Client()) == 302
    assert isinstance(identify_hasher(User.objects.get().password), Argon2PasswordHasher)
