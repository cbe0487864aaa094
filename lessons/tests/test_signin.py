"""How often a sign-in may be tried, on the page and at the API."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher, identify_hasher
from django.core import signing
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from lessons import counting, expiring, signin
from lessons.factories import CLIENT_SECRET, ApiClientFactory, SchoolFactory, person
from lessons.models import Role, School, Tally, User
from lessons.network import network

pytestmark = pytest.mark.django_db

PASSWORD, SCHOOLS, HOME = "correct horse battery", "198.51.100.7", "203.0.113.9"


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture
def alice(school: School) -> User:
    user = person(school, Role.TEACHER, "alice")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Moves the time at which tries are counted."""
    start, passed = timezone.now(), [timedelta(0)]

    class Clock:
        @staticmethod
        def now() -> datetime:
            return start + passed[0]

        @staticmethod
        def forward(**by: int) -> None:
            passed[0] += timedelta(**by)

    monkeypatch.setattr(signin, "timezone", Clock)
    return Clock


def page(client: Client, password: str = PASSWORD, *, name: str = "alice", at: str = SCHOOLS) -> int:
    """302 signed in, 200 refused, 429 not tried."""
    client.cookies.pop("sessionid", None)  # signed out, on the same device
    form = {"username": name, "password": password}
    return client.post("/accounts/login/", form, REMOTE_ADDR=at).status_code


def api(password: str = PASSWORD, *, name: str = "alice", at: str = SCHOOLS, **more: str) -> Any:
    body = {"username": name, "password": password}
    return Client().post("/api/v1/token", more or body, content_type="application/json", REMOTE_ADDR=at)


def test_five_tries_and_then_a_pause(alice: User, clock: Any) -> None:
    guesser = Client()
    assert [page(guesser, "guess") for _ in range(6)] == [200] * 5 + [429]
    assert page(guesser) == 429, "the right one is not looked at either"
    answer = guesser.post("/accounts/login/", {"username": "alice", "password": PASSWORD}, REMOTE_ADDR=SCHOOLS)
    assert 1 <= int(answer["Retry-After"]) <= 300 and b"5 minutes" in answer.content
    clock.forward(minutes=5)
    assert page(guesser) == 302


def test_page_and_api_count_together(alice: User) -> None:
    for _ in range(5):
        assert api("guess").status_code == 401
    answer = api()
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
    assert int(answer["Retry-After"]) > 0 and page(Client()) == 429


def test_what_is_right_is_not_counted(alice: User) -> None:
    client = Client()
    assert {page(client) for _ in range(12)} == {302}
    for _ in range(3):
        assert [page(Client(), "guess") for _ in range(4)] == [200] * 4
        assert page(Client()) == 302


def test_a_school_behind_one_address_signs_in_while_somebody_guesses_there(school: School) -> None:
    staff = [person(school, Role.TEACHER, f"teacher{n}") for n in range(8)]
    for user in staff:
        user.set_password(PASSWORD)
    User.objects.bulk_update(staff, ["password"])
    for _ in range(6):
        page(Client(), "guess", name="teacher0")
    assert [page(Client(), name=user.username) for user in staff] == [429] + [302] * 7


def test_a_teacher_on_her_own_device_is_not_locked_out_from_the_next_desk(alice: User) -> None:
    own, pupils = Client(), Client()
    assert page(own) == 302
    for _ in range(20):
        page(pupils, "guess")
    assert (page(pupils), page(own)) == (429, 302)
    assert [page(own, "guess") for _ in range(11)] == [200] * 10 + [429], "it has a count of its own"


def test_a_device_is_known_until_the_password_changes(alice: User) -> None:
    own = Client()
    page(own)
    alice.set_password("another good one")
    alice.save()
    for _ in range(5):
        page(Client(), "guess")
    assert page(own, "another good one") == 429


@pytest.mark.parametrize("said", [None, "", "x", "a:b:c", [1], "signed text"])
def test_a_forged_device_is_none(said: Any, alice: User, settings: Settings) -> None:
    """Also one that is signed, and says something else."""
    client, signed = Client(), signing.dumps(said, salt=signin.SALT)
    value = signed if said in ([1], "signed text") else said or ""
    for _ in range(6):
        client.cookies[settings.DEVICE_COOKIE_NAME] = value
        page(client, "guess")
    assert page(client) == 429


def test_another_accounts_device_helps_nobody(alice: User, school: School) -> None:
    other = person(school, Role.TEACHER, "bob")
    other.set_password(PASSWORD)
    other.save()
    client = Client()
    assert page(client, name="bob") == 302
    assert [page(client, "guess") for _ in range(6)] == [200] * 5 + [429]


def test_guesses_from_everywhere_end_where_the_account_never_was(alice: User) -> None:
    assert page(Client()) == 302, "from the school"
    guesses = [page(Client(), "guess", at=f"203.0.{n // 4}.1") for n in range(40)]
    assert guesses.count(200) == signin.BY_ACCOUNT.tries
    assert page(Client(), at=HOME) == 429
    assert page(Client()) == 302, "the school's network is known"


def test_a_network_that_tries_one_account_after_the_other(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "SPRAYING", signin.Limit(6, timedelta(minutes=10)))
    assert page(Client()) == 302
    assert [page(Client(), "guess", name=f"user{n}") for n in range(8)] == [200] * 6 + [429] * 2
    assert page(Client()) == 302, "who was here before is let in"


@pytest.mark.parametrize("own_device", [True, False])
def test_who_comes_every_day_stays_known(own_device: bool, alice: User, clock: Any) -> None:
    client = Client()
    for _ in range(4):
        assert page(client if own_device else Client()) == 302
        clock.forward(days=12)
        assert counting.present("known", "alice", SCHOOLS, now=clock.now())
    clock.forward(days=30)
    assert not counting.present("known", "alice", SCHOOLS, now=clock.now())


def test_nobody_learns_which_accounts_exist(alice: User) -> None:
    User.objects.create(username="gone", is_active=False)
    ApiClientFactory.create(user__username="machine", user__password="!")
    said = set()
    for name in ("alice", "gone", "nobody", "machine"):
        answers = [api("guess", name=name) for _ in range(6)]
        said.add(tuple((each.status_code, each.json()["detail"]) for each in answers))
    assert len(said) == 1


def test_nor_by_the_time_it_takes(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is the hash, made once whoever is asked for; `benchmarks.signin` measures it."""
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
        (1, "nonsense", "10.0.0.1", "unknown"),
        (0, "", "", "unknown"),
    ],
)
def test_from_where(proxies: int, forwarded: str, remote: str, is_: str, rf: Any, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert network(rf.get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)) == is_


def test_a_count_keeps_no_names_and_ends(alice: User) -> None:
    page(Client(), "guess")
    assert not {"alice", SCHOOLS} & {
        part for key in Tally.objects.values_list("key", flat=True) for part in key.split()
    }
    assert sum(expiring.forget(timezone.now() + timedelta(hours=2))) == Tally.objects.count() + 3 > 0


def test_passwords_are_hashed_anew_as_they_should_be_today(alice: User, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["lessons.hashers.Argon2PasswordHasher", *settings.PASSWORD_HASHERS]
    assert identify_hasher(alice.password).algorithm == "md5"
    assert page(Client()) == 302
    assert isinstance(identify_hasher(User.objects.get().password), Argon2PasswordHasher)


def test_a_count_begins_anew_after_its_window() -> None:
    now = timezone.now()
    hits = [
        counting.add("x", window=timedelta(minutes=1), now=now + timedelta(seconds=at)).hits
        for at in (0, 30, 59, 60, 61)
    ]
    assert hits == [1, 2, 3, 1, 2]
    assert counting.present("x", now=now + timedelta(seconds=61)) == 2
    assert counting.present("x", now=now + timedelta(seconds=120)) == 0


def test_counts_in_a_shared_cache(settings: Settings) -> None:
    """As they go to Redis, which several machines share: nothing is counted in the table beside it."""
    settings.CACHE_URL = "redis://cache.example/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "counts"}}
    now, window = timezone.now(), timedelta(minutes=1)
    counts = [counting.add("x", window=window, now=now + timedelta(seconds=at)) for at in (0, 1, 2)]
    ends_at = int(now.timestamp()) + 60
    assert counts == [(1, ends_at), (2, ends_at), (3, ends_at)]
    assert counting.add("x", window=window, now=now, hits=-1).hits == counting.present("x", now=now) == 2
    counting.forget("x")
    assert (counting.present("x", now=now), counting.add("x", window=window, now=now).hits) == (0, 1)
    counting.renew("known", window=window, now=now)
    assert counting.present("known", now=now) == 1 and not Tally.objects.exists()
