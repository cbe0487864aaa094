"""A day of guessing at one account in every way, on the product's own code with a clock that jumps.

Each attacker tries whenever a guess may be allowed, and once too early in between, under every spelling of the name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any
from unittest import mock

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from lessons.accounts import known_browsers
from lessons.factories import SchoolFactory, person
from lessons.models import Role, School, Tally, User

PASSWORD = "a slow walk home"  # noqa: S105
SPELLINGS = ("alice", "ALICE", " Alice", "aliCe\u3000", "\N{FULLWIDTH LATIN SMALL LETTER A}lice")
AT_SCHOOL, BY_BOB = "198.51.100.7", "203.0.113.9"
STAFF = [f"teacher{n}" for n in range(30)]
ELSEWHERE = [f"203.0.{n}.1" for n in range(40)]

Door = Callable[[str], Any]  # takes a guess, returns the answer
Spray = tuple[list[str], Door]  # names, and a function that guesses at one


@dataclass
class Clock:
    at: datetime

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@contextmanager
def simulated() -> Iterator[Clock]:
    clock = Clock(timezone.now())
    with mock.patch.object(timezone, "now", clock.now):
        yield clock


class Town:
    """Two schools: Alice, whose password is guessed, and her colleagues are in one, a stranger is in the other."""

    def __init__(self) -> None:
        school: School = SchoolFactory.create()
        of_school = [(name, school) for name in ("alice", "bob", "carol", "erin", *STAFF)]
        password = make_password(PASSWORD)
        for name, where in (*of_school, ("stranger", SchoolFactory.create())):
            person(where, Role.TEACHER, name, password=password)
        self.names = cycle(SPELLINGS)

    def page(self, client: Client, guess: str, *, name: str | None = None, at: str = AT_SCHOOL) -> Any:
        client.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        form = {"username": name or next(self.names), "password": guess}
        return client.post("/accounts/login/", form, REMOTE_ADDR=at)

    def api(self, guess: str, *, name: str | None = None, at: str = AT_SCHOOL) -> Any:
        body = {"username": name or next(self.names), "password": guess}
        return Client().post("/api/v1/token", body, content_type="application/json", REMOTE_ADDR=at)

    def signed_in(self, name: str, at: str = AT_SCHOOL) -> Client:
        """Returns a browser on which this user has been signed in."""
        client = Client()
        assert self.page(client, PASSWORD, name=name, at=at).status_code == 302, name
        return client


def copy(client: Client) -> Client:
    """Returns another browser, with this one's device cookie."""
    other = Client()
    other.cookies[settings.DEVICE_COOKIE_NAME] = client.cookies[settings.DEVICE_COOKIE_NAME].value
    return other


def at_school(town: Town) -> list[Door]:
    """Returns browsers that Alice never used, with cookies of other schools, made-up and old ones, and the API."""
    stranger = copy(town.signed_in("stranger"))
    forged, old, desk = Client(), Client(), town.signed_in("alice")
    forged.cookies[settings.DEVICE_COOKIE_NAME] = desk.cookies[settings.DEVICE_COOKIE_NAME].value[:-1]
    old = copy(desk)
    assert town.page(desk, PASSWORD, name="alice").status_code == 302
    jars = cycle([stranger, forged, old])
    return [
        town.api,
        lambda guess: town.page(Client(), guess),
        lambda guess: town.page(next(jars), guess),
    ]


def everywhere(town: Town) -> list[Door]:
    networks = cycle(ELSEWHERE)
    return [
        lambda guess: town.api(guess, at=next(networks)),
        lambda guess: town.page(Client(), guess, at=next(networks)),
    ]


def own_browser(town: Town) -> list[Door]:
    """Returns Alice's browser itself, and a copy of its valid cookie; its pages and the API."""
    jar = copy(town.signed_in("alice"))

    def api(guess: str) -> Any:
        body = {"username": next(town.names), "password": guess}
        return jar.post("/api/v1/token", body, content_type="application/json", REMOTE_ADDR=BY_BOB)

    return [api, lambda guess: town.page(jar, guess, at=BY_BOB)]


def colleague(town: Town) -> list[Door]:
    """Returns Bob's ways: he signs in as himself on a new browser before each guess at Alice, and guesses from home
    too."""
    return [
        lambda guess: town.page(town.signed_in("bob", BY_BOB), guess, at=BY_BOB),
        lambda guess: town.api(guess, at=BY_BOB),
    ]


Kind = Callable[[Town], list[Door]]

MOST = 2_000  # guesses at an account in a day, from any one kind of place
KINDS: dict[str, tuple[Kind, int]] = {
    "a network where she signs in, unknown browsers and the API": (at_school, MOST),
    "all networks where she never signed in, together": (everywhere, MOST),
    "her own browser, or a copy of its present cookie": (own_browser, MOST),
    "a colleague, by any number of browsers, and from home": (colleague, known_browsers.BROWSERS * MOST),
}


def guessed(clock: Clock, doors: Sequence[Door], hours: float) -> int:
    """Returns how many guesses were checked against the password."""
    looked_at, ends_at = 0, clock.at + timedelta(hours=hours)
    while clock.at < ends_at:
        waits = []
        for door in doors:
            while (wait := refused(door(f"guess {looked_at}"))) is None:
                looked_at += 1
            waits.append(wait)
        clock.forward(min(waits) / 2)
        if clock.at < ends_at:
            looked_at += sum(refused(door("too early")) is None for door in doors)
        clock.forward(min(waits) / 2)
    return looked_at


def refused(answer: Any) -> int | None:
    """Returns the seconds to wait, or None if the password was checked."""
    assert answer.status_code in (200, 401, 429), answer.status_code
    return int(answer["Retry-After"]) if answer.status_code == 429 else None


def by_network(town: Town) -> Spray:
    return [f"teacher{n}" for n in range(299)] + ["alice"], lambda name: town.api("Winter2026!", name=name, at=BY_BOB)


def by_browser(town: Town) -> Spray:
    """A browser on which only Bob has signed in."""
    jar = town.signed_in("bob")
    return [*STAFF, "alice"], lambda name: town.page(jar, "Winter2026!", name=name)


SPRAYS = {
    "a network that tries 300 accounts in turn": by_network,
    "a browser of a colleague on which 31 accounts are tried in turn": by_browser,
}


def sprayed(clock: Clock, spray: Spray, hours: float) -> tuple[int, int]:
    """Guesses at many accounts in turn; returns the guesses at all of them, and the most at one."""
    names, door = spray
    tried, turn, ends_at = Counter[str](), cycle(names), clock.at + timedelta(hours=hours)
    while clock.at < ends_at:
        name = next(turn)
        if (wait := refused(door(name))) is None:
            tried[name] += 1
        else:
            clock.forward(wait)
    return tried.total(), max(tried.values())


@contextmanager
def town() -> Iterator[tuple[Clock, Town]]:
    """Yields the schools before anything has been tried."""
    Tally.objects.all().delete()
    User.objects.all().delete()
    with simulated() as clock:
        yield clock, Town()


def day(hours: float) -> Iterator[tuple[int, int, str]]:
    """Yields, for each kind of place, how many guesses at one account were possible and how many are allowed."""
    for kind, (doors, most) in KINDS.items():
        with town() as (clock, here):
            yield guessed(clock, doors(here), hours), most, kind
    for kind, spray in SPRAYS.items():
        with town() as (clock, here):
            tried, at_one = sprayed(clock, spray(here), hours)
        yield at_one, MOST, f"{kind}: {tried:,} in total"
