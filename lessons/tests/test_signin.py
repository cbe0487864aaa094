"""How often a sign-in may be tried, on the page and at the API."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher, identify_hasher
from django.core import signing
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from lessons import counting, expiring, known_browsers, signin, views
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

    for module in (signin, views):
        monkeypatch.setattr(module, "timezone", Clock)
    return Clock


def page(client: Client, password: str = PASSWORD, *, name: str = "alice", at: str = SCHOOLS) -> int:
    """302 signed in, 200 refused, 429 not tried."""
    client.cookies.pop("sessionid", None)  # signed out, on the same device
    form = {"username": name, "password": password}
    return client.post("/accounts/login/", form, REMOTE_ADDR=at).status_code


def api(password: str = PASSWORD, *, name: str = "alice", at: str = SCHOOLS, **more: str) -> Any:
    body = {"username": name, "password": password}
    return Client().post("/api/v1/token", more or body, content_type="application/json", REMOTE_ADDR=at)


def colleague(school: School, name: str = "bob") -> User:
    user = person(school, Role.TEACHER, name)
    user.set_password(PASSWORD)
    user.save()
    return user


def device(client: Client) -> str:
    return client.cookies[settings.DEVICE_COOKIE_NAME].value


def on(cookie: str) -> Client:
    """Another browser, with a copy of a device cookie."""
    client = Client()
    client.cookies[settings.DEVICE_COOKIE_NAME] = cookie
    return client


def guesses(client: Client, **where: str) -> int:
    """How many are looked at until one is refused."""
    tried = 0
    while (status := page(client, "guess", **where)) == 200:
        tried += 1
    assert status == 429
    return tried


def test_five_tries_and_then_a_pause(alice: User, clock: Any) -> None:
    guesser = Client()
    assert guesses(guesser) == 5
    assert page(guesser) == 429, "the right one is not looked at either"
    answer = guesser.post("/accounts/login/", {"username": "alice", "password": PASSWORD}, REMOTE_ADDR=SCHOOLS)
    assert 1 <= int(answer["Retry-After"]) <= 300 and b"5 minutes" in answer.content
    assert "on a browser that your school’s staff have used before" in " ".join(answer.content.decode().split())
    clock.forward(minutes=5)
    assert page(guesser) == 302


def test_who_waits_is_told_of_the_longest_wait(alice: User, clock: Any) -> None:
    for _ in range(4):
        assert guesses(Client()) == 5
        clock.forward(minutes=5)
    answer = api()
    assert (answer.status_code, int(answer["Retry-After"])) == (429, 40 * 60)
    clock.forward(minutes=40)
    assert api().status_code == 200


def test_page_and_api_count_together(alice: User) -> None:
    for _ in range(5):
        assert api("guess").status_code == 401
    answer = api()
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
    assert int(answer["Retry-After"]) > 0 and page(Client()) == 429
    assert "sign in on a browser that your school’s staff use" in answer.json()["detail"]


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


@pytest.mark.parametrize("door", ["page", "api", "cookie of another school", "old cookie", "forged cookie"])
@pytest.mark.parametrize("signed_in_before", ["herself", "a colleague"])
def test_a_teacher_on_a_known_browser_is_not_locked_out(
    signed_in_before: str, door: str, alice: User, school: School, clock: Any
) -> None:
    """By anything that is tried in the same network with her name."""
    colleague(school)
    colleague(SchoolFactory.create(), "stranger")
    desk = Client()
    page(desk, name="bob")
    old, stranger = device(desk), Client()
    page(desk, name="alice" if signed_in_before == "herself" else "bob")
    page(stranger, name="stranger")
    cookies = {"cookie of another school": device(stranger), "old cookie": old, "forged cookie": old[:-2] + "xx"}
    attacker = on(cookies.get(door, ""))
    for _ in range(3):
        for _ in range(6):
            assert api("guess").status_code in (401, 429) if door == "api" else page(attacker, "guess") in (200, 429)
        clock.forward(minutes=1)
    refused = api().status_code if door == "api" else page(attacker)
    assert (refused, page(desk)) == (429, 302)


def test_who_shares_a_browser_with_a_guesser_waits_less_than_a_minute(alice: User, clock: Any) -> None:
    desk = Client()
    assert page(desk) == 302
    assert guesses(desk) == signin.AT_ONCE.tries + 1
    refused = desk.post("/accounts/login/", {"username": "alice", "password": PASSWORD}, REMOTE_ADDR=SCHOOLS)
    wait = int(refused["Retry-After"])
    assert refused.status_code == 429 and wait < 60
    text = " ".join(refused.content.decode().split())
    assert "Please wait a minute" in text and "school’s staff" not in text
    clock.forward(seconds=wait)
    assert page(desk) == 302
    assert guesses(desk) == signin.AT_ONCE.tries + 1, "and begins anew"


def test_two_people_who_share_a_browser_have_budgets_of_their_own(alice: User, school: School) -> None:
    colleague(school)
    desk = Client()
    assert (page(desk, name="bob"), page(desk)) == (302, 302)
    assert guesses(desk) == signin.AT_ONCE.tries + 1
    assert (page(desk), page(desk, name="bob")) == (429, 302)


def test_a_browser_stays_known_when_somebody_signs_out(alice: User) -> None:
    desk = Client()
    page(desk)
    before = device(desk)
    answer = desk.post("/accounts/logout/")
    assert settings.DEVICE_COOKIE_NAME not in answer.cookies and device(desk) == before
    guesses(Client())
    assert page(desk) == 302


def test_a_browser_is_known_until_the_password_of_who_vouches_changes(alice: User, school: School) -> None:
    bob, desk = colleague(school), Client()
    page(desk, name="bob")
    guesses(Client())
    copy = device(desk)
    bob.set_password("another good one")
    bob.save()
    assert (page(on(copy)), page(desk, "another good one", name="bob"), page(desk)) == (429, 302, 302)


@pytest.mark.parametrize("how", ["left the school", "deactivated", "deleted", "too long ago"])
def test_nor_does_who_is_gone_vouch_any_more(how: str, alice: User, school: School, clock: Any) -> None:
    bob, desk = colleague(school), Client()
    page(desk, name="bob")
    if how == "left the school":
        bob.memberships.all().delete()
    elif how == "deactivated":
        User.objects.filter(pk=bob.pk).update(is_active=False)
    elif how == "deleted":
        bob.delete()
    else:
        clock.forward(days=known_browsers.KNOWN_FOR.days + 1)
    guesses(Client())
    assert page(desk) == 429


def test_a_copied_cookie_is_worth_nothing_once_somebody_signs_in(alice: User, school: School, clock: Any) -> None:
    """Until then it is the browser."""
    colleague(school)
    desk = Client()
    page(desk)
    copy = on(device(desk))
    guesses(copy)
    assert page(desk) == 429
    assert page(desk, name="bob") == 302, "a colleague, whose tries are not used up, ends the copy"
    clock.forward(seconds=50)
    assert (guesses(copy), page(copy), page(desk)) == (5, 429, 302)


def test_those_without_a_school_vouch_for_one_another_alone(alice: User, school: School) -> None:
    operator, root, gone = (person(None, Role.OPERATOR, name) for name in ("operator", "root", "gone"))
    root.is_superuser = True
    for user in (operator, root, gone):
        user.set_password(PASSWORD)
        user.save()
    root.memberships.all().delete()
    gone.memberships.all().delete()
    names = ("operator", "root", "alice", "gone")
    for name in names:
        guesses(Client(), name=name)
    known: dict[str, set[str]] = {}
    for voucher, name in product(names, names):
        desk = Client()
        assert page(desk, name=voucher, at=HOME) == 302
        known.setdefault(voucher, set()).update([name] if page(desk, name=name) == 302 else [])
    nation = {"operator", "root"}
    assert known == {"operator": nation, "root": nation, "gone": {"gone"}, "alice": {"alice"}}


def test_a_cookie_names_nobody_and_stays_small(school: School, client: Client) -> None:
    staff = [colleague(school, f"somebody{n}") for n in range(known_browsers.VOUCHERS + 3)]
    for user in staff:
        assert page(client, name=user.username) == 302
    said = signing.loads(device(client), salt=known_browsers.SALT)
    assert [pk for pk, *_ in said[2]] == [user.pk for user in staff[: -known_browsers.VOUCHERS - 1 : -1]]
    assert "somebody" not in str(said) and len(device(client)) < 400
    cookie = client.cookies[settings.DEVICE_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def test_a_colleague_gains_nothing_by_many_browsers(
    alice: User, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "BY_VOUCHER", signin.Limit("voucher", 25, timedelta(days=1)))
    colleague(school)
    tried = []
    for _ in range(4):
        jar = Client()
        assert page(jar, name="bob") == 302
        tried.append(guesses(jar))
    assert tried == [11, 11, 3 + signin.BY_NETWORK.tries, 0], "as elsewhere, once that is used up"


def test_a_colleague_who_tries_everybody_is_noticed(school: School, caplog: pytest.LogCaptureFixture) -> None:
    colleague(school)
    names = [colleague(school, f"teacher{n}").username for n in range(6)]
    jar = Client()
    assert page(jar, name="bob") == 302
    assert [guesses(jar, name=name) for name in names] == [11] * 4 + [6 + 5, 5], "the last two as elsewhere"
    said = [record.getMessage() for record in caplog.records if record.name == "lessons.signin"]
    assert len(said) == 1 and said[0].startswith("Over 50 sign-ins failed within 10 minutes, by voucher for colleagues")


@pytest.mark.parametrize("said", [None, "", "x", "a:b:c", [1], "signed text", ["browser", 1, [1]]])
def test_a_forged_device_is_none(said: Any, alice: User) -> None:
    """Also one that is signed, and says something else."""
    client, signed = Client(), signing.dumps(said, salt=known_browsers.SALT)
    value = signed if not isinstance(said, str) or said == "signed text" else said
    for _ in range(6):
        client.cookies[settings.DEVICE_COOKIE_NAME] = value
        page(client, "guess")
    assert page(client) == 429


def test_another_schools_browser_helps_nobody(alice: User) -> None:
    colleague(SchoolFactory.create())
    client = Client()
    assert page(client, name="bob") == 302
    assert guesses(client) == 5


def test_guesses_from_everywhere_end_where_the_account_never_was(alice: User) -> None:
    assert page(Client()) == 302, "from the school"
    tried = [page(Client(), "guess", at=f"203.0.{n // 4}.1") for n in range(40)]
    assert tried.count(200) == signin.BY_ACCOUNT.tries
    assert page(Client(), at=HOME) == 429
    assert page(Client()) == 302, "the school's network is known"


def test_a_network_that_tries_one_account_after_the_other(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, clock: Any
) -> None:
    monkeypatch.setattr(signin, "SPRAYING", signin.Limit("network", 6, timedelta(minutes=10)))
    own = Client()
    assert page(own) == 302
    assert [page(Client(), "guess", name=f"user{n}") for n in range(9)] == [200] * 6 + [429] * 3
    assert (page(own), page(Client()), page(Client(), at=HOME)) == (302, 429, 302)
    [said] = [record for record in caplog.records if record.name == "lessons.signin"]
    assert said.levelname == "WARNING" and "6 sign-ins failed within 10 minutes, by network" in said.getMessage()
    assert not {SCHOOLS, "user"} & set(said.getMessage().replace(":", " ").split())
    clock.forward(minutes=10)
    assert page(Client()) == 302


@pytest.mark.parametrize("own_device", [True, False])
def test_who_comes_every_day_stays_known(own_device: bool, alice: User, clock: Any) -> None:
    client = Client()
    for _ in range(4):
        assert page(client if own_device else Client()) == 302
        clock.forward(days=12)
        assert counting.current("known", "alice", SCHOOLS, now=clock.now()).hits
    clock.forward(days=30)
    assert not counting.current("known", "alice", SCHOOLS, now=clock.now()).hits


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


def test_a_count_keeps_no_names_and_ends(alice: User) -> None:
    page(Client(), "guess")
    assert not {"alice", SCHOOLS} & {
        part for key in Tally.objects.values_list("key", flat=True) for part in key.split()
    }
    assert sum(expiring.forget(timezone.now() + timedelta(hours=2))) == Tally.objects.count() + 4 > 0


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
    assert counting.current("x", now=now + timedelta(seconds=61)).hits == 2
    assert counting.current("x", now=now + timedelta(seconds=120)).hits == 0


def test_counts_in_a_shared_cache(settings: Settings) -> None:
    """As they go to Redis, which several machines share: nothing is counted in the table beside it."""
    settings.CACHE_URL = "redis://cache.example/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "counts"}}
    now, window = timezone.now(), timedelta(minutes=1)
    counts = [counting.add("x", window=window, now=now + timedelta(seconds=at)) for at in (0, 1, 2)]
    ends_at = int(now.timestamp()) + 60
    assert counts == [(1, ends_at), (2, ends_at), (3, ends_at)]
    assert counting.add("x", window=window, now=now, hits=-1).hits == counting.current("x", now=now).hits == 2
    counting.forget("x")
    assert (counting.current("x", now=now).hits, counting.add("x", window=window, now=now).hits) == (0, 1)
    counting.renew("known", window=window, now=now)
    assert counting.current("known", now=now).hits == 1
    counting.renew("browser", window=window, now=now, hits=7)
    assert counting.current("browser", now=now).hits == 7 and not Tally.objects.exists()


def test_a_count_that_is_looked_at_says_when_it_ends() -> None:
    now, window = timezone.now(), timedelta(minutes=1)
    ends_at = counting.add("x", window=window, now=now).ends_at
    assert counting.current("x", now=now + timedelta(seconds=59)) == (1, ends_at)
    assert counting.current("x", now=now + timedelta(seconds=61)).hits == 0
    counting.renew("x", window=window, now=now, hits=7)
    assert counting.add("x", window=window, now=now) == (8, ends_at)
