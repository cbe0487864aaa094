"""Known browsers: whose tries are counted separately there, and for how long."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core import signing
from django.test import Client

from lessons.accounts import known_browsers, sign_in
from lessons.accounts.tests.signing_in import HOME, PASSWORD, SCHOOLS, api, colleague, device, guesses, on, page
from lessons.factories import SchoolFactory, person
from lessons.models import Role, School, User

pytestmark = [pytest.mark.django_db, pytest.mark.longest]


@pytest.mark.parametrize("door", ["page", "api", "cookie of another school", "old cookie", "forged cookie"])
@pytest.mark.parametrize("signed_in_before", ["herself", "a colleague"])
def test_a_teacher_on_a_known_browser_is_not_locked_out(
    signed_in_before: str, door: str, alice: User, school: School, clock: time_machine.Traveller
) -> None:
    """Whatever is tried with her name in the same network."""
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
        clock.shift(timedelta(minutes=1))
    refused = api().status_code if door == "api" else page(attacker)
    assert (refused, page(desk)) == (429, 302)


def test_who_shares_a_browser_with_a_guesser_waits_less_than_a_minute(
    alice: User, clock: time_machine.Traveller
) -> None:
    desk = Client()
    assert page(desk) == 302
    assert guesses(desk) == sign_in.AT_ONCE.tries + 1
    refused = desk.post("/accounts/login/", {"username": "alice", "password": PASSWORD}, REMOTE_ADDR=SCHOOLS)
    wait = int(refused["Retry-After"])
    assert refused.status_code == 429 and wait < 60
    text = " ".join(refused.content.decode().split())
    assert "Wait a minute and try again." in text and "school’s staff" not in text
    clock.shift(timedelta(seconds=wait))
    assert page(desk) == 302
    assert guesses(desk) == sign_in.AT_ONCE.tries + 1, "and begins anew"


def test_two_people_who_share_a_browser_have_budgets_of_their_own(alice: User, school: School) -> None:
    colleague(school)
    desk = Client()
    assert (page(desk, name="bob"), page(desk)) == (302, 302)
    assert guesses(desk) == sign_in.AT_ONCE.tries + 1
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
def test_nor_does_who_is_gone_vouch_any_more(
    how: str, alice: User, school: School, clock: time_machine.Traveller
) -> None:
    bob, desk = colleague(school), Client()
    page(desk, name="bob")
    if how == "left the school":
        bob.memberships.all().delete()
    elif how == "deactivated":
        User.objects.filter(pk=bob.pk).update(is_active=False)
    elif how == "deleted":
        bob.delete()
    else:
        clock.shift(timedelta(days=known_browsers.KNOWN_FOR.days + 1))
    guesses(Client())
    assert page(desk) == 429


def test_a_copied_cookie_is_worth_nothing_once_somebody_signs_in(
    alice: User, school: School, clock: time_machine.Traveller
) -> None:
    """Until then the copy counts as the browser."""
    colleague(school)
    desk = Client()
    page(desk)
    copy = on(device(desk))
    guesses(copy)
    assert page(desk) == 429
    assert page(desk, name="bob") == 302, "a colleague with tries left ends the copy"
    clock.shift(timedelta(seconds=61))
    assert (guesses(copy), page(copy), page(desk)) == (5, 429, 302)


def test_a_browser_stays_known_when_an_answer_is_lost(alice: User, clock: time_machine.Traveller) -> None:
    """Or arrives for the first of two clicks."""
    desk = Client()
    page(desk)
    clock.shift(timedelta(days=1))
    before = device(desk)
    page(on(before))  # its answer never arrives, or arrives second
    guesses(Client())
    hers = on(before)
    assert page(hers) == 302
    guesses(Client(), at=HOME)
    clock.shift(timedelta(hours=1))
    guesses(Client())
    assert page(hers) == 302, "with the second answer's cookie"
    clock.shift(timedelta(minutes=2))
    guesses(Client())
    assert page(on(before)) == 429


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


def staff(school: School, number: int) -> list[str]:
    return [colleague(school, f"teacher{n}").username for n in range(number)]


@pytest.fixture
def desk(school: School) -> Client:
    """Returns a browser on which only Bob has signed in."""
    client = Client()
    colleague(school)
    assert page(client, name="bob") == 302
    return client


def test_many_names_on_one_browser_lock_nobody_out_of_another(alice: User, school: School, desk: Client) -> None:
    second = Client()
    assert page(second, name="bob") == 302
    assert [guesses(desk, name=name) for name in staff(school, 6)] == [11] * 4 + [7, 0], "fifty, and then one paced"
    guesses(Client())
    assert page(second) == 302


def test_nor_do_hours_of_guesses_at_her(alice: User, desk: Client, clock: time_machine.Traveller) -> None:
    second = Client()
    assert page(second, name="bob") == 302
    for _ in range(320):
        assert page(desk, "guess") == 200
        clock.shift(timedelta(seconds=50))
    assert (guesses(Client()), page(second), page(desk)) == (5, 302, 302)


def test_who_comes_to_a_browser_where_many_names_were_tried_waits_less_than_a_minute(
    alice: User, school: School, desk: Client, clock: time_machine.Traveller
) -> None:
    for name in staff(school, 6):
        guesses(desk, name=name)
    refused = [desk.post("/accounts/login/", {"username": "alice", "password": PASSWORD}) for _ in range(12)]
    assert {answer.status_code for answer in refused} == {429}
    wait = int(refused[-1]["Retry-After"])
    assert wait <= 50
    clock.shift(timedelta(seconds=wait))
    assert page(desk) == 302


def test_a_refusal_uses_up_no_try(alice: User, school: School, desk: Client, clock: time_machine.Traveller) -> None:
    for name in staff(school, 6):
        guesses(desk, name=name)
    assert {page(desk, "guess") for _ in range(12)} == {429}
    clock.shift(sign_in.SPRAYING_BROWSER.window)
    assert guesses(desk) == sign_in.AT_ONCE.tries + 1


def test_nor_does_who_has_signed_in_there_wait_for_it(alice: User, school: School, desk: Client) -> None:
    page(desk)
    for name in staff(school, 6):
        guesses(desk, name=name)
    assert (page(desk), page(desk, name="bob")) == (302, 302)


def test_a_colleague_gains_nothing_by_many_browsers(alice: User, school: School) -> None:
    colleague(school)
    tried = []
    for _ in range(3 * known_browsers.BROWSERS):
        jar = Client()
        assert page(jar, name="bob") == 302
        tried.append(guesses(jar))
    assert tried == [11] * known_browsers.BROWSERS + [0] * 2 * known_browsers.BROWSERS


def test_nor_by_signing_in_often_on_the_same(alice: User, school: School, desk: Client) -> None:
    assert guesses(desk) == 11
    for _ in range(2 * known_browsers.BROWSERS):
        assert (page(desk, name="bob"), page(desk)) == (302, 429)


def test_somebody_vouches_for_their_last_browsers(alice: User, school: School) -> None:
    """An older one is unknown until the next sign-in there."""
    colleague(school)
    oldest, *others = [Client() for _ in range(known_browsers.BROWSERS + 1)]
    assert {page(each, name="bob") for each in (oldest, *others)} == {302}
    guesses(Client())
    assert (page(oldest), {page(each) for each in others}) == (429, {302})
    assert (page(oldest, name="bob"), page(oldest)) == (302, 302)


def test_a_colleague_who_tries_everybody_is_noticed(
    school: School, caplog: pytest.LogCaptureFixture, desk: Client
) -> None:
    """Even across several browsers."""
    second = Client()
    assert page(second, name="bob") == 302
    for name, jar in product(staff(school, 3), (desk, second)):
        assert guesses(jar, name=name) == 11
    said = [record.getMessage() for record in caplog.records if record.name == "lessons.accounts.sign_in"]
    assert len(said) == 1 and said[0].startswith("Over 50 sign-ins failed within 10 minutes, by voucher for colleagues")


def test_the_sixth_try_tells_whether_a_name_is_of_the_browsers_school(
    alice: User, school: School, desk: Client
) -> None:
    """This leak is accepted; SECURITY.md describes it."""
    gone, stranger = colleague(school, "gone"), colleague(SchoolFactory.create(), "stranger")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    said: dict[str, list[Any]] = {}
    for name in ("alice", "gone", stranger.username, "nobody"):
        body = {"username": name, "password": "guess"}
        answers = [desk.post("/api/v1/token", body, content_type="application/json") for _ in range(6)]
        said[name] = [(each.status_code, each.json()["detail"]) for each in answers]
    assert said["alice"] == said["gone"] and said["stranger"] == said["nobody"]
    assert said["alice"][:5] == said["nobody"][:5] == [said["alice"][0]] * 5
    assert (said["alice"][5][0], said["nobody"][5][0]) == (401, 429)


@pytest.mark.parametrize("said", [None, "", "x", "a:b:c", [1], "signed text", ["browser", 1, [1]]])
def test_a_forged_device_is_none(said: Any, alice: User) -> None:
    """Even if the cookie is signed, but holds something else."""
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
