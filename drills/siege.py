"""Teachers sign in over HTTP while a script attacks in every way from the same address.

Each teacher is a browser with its cookies; the server is the product's own gunicorn.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from time import monotonic, sleep

from drills.browser import Answer, Browser, known
from drills.guessing import STAFF
from lessons.accounts import known_browsers

PAUSE = 5.0  # seconds between two sign-ins
A_SECOND = 4.0  # tries of each attacker, most of which are refused


@dataclass
class Attack:
    """Tries wrong passwords for Alice and her colleagues until it is over, with one attacker per way in."""

    port: int
    stranger: Browser
    old: Browser
    library: Browser
    answers: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def doors(self) -> dict[str, Callable[[int], Answer]]:
        spelling, staff = cycle(("alice", "ALICE", " Alice ")), cycle(("alice", *STAFF))
        return {
            "api": lambda n: self._token(next(spelling), n),
            "page": lambda n: Browser(self.port).sign_in(next(spelling), f"guess {n}"),
            "another school’s browser": lambda n: self.stranger.sign_in(next(spelling), f"guess {n}"),
            "old cookie": lambda n: self.old.copy().sign_in(next(spelling), f"guess {n}"),
            "many names on a known browser": lambda n: self.library.sign_in(next(staff), f"guess {n}"),
            "many names": lambda n: self._token(f"teacher{n % 300}", n),
            "refresh": lambda n: Browser(self.port).post("/api/v1/token/refresh", {"refresh": f"made up {n}"}),
        }

    @contextmanager
    def going_on(self) -> Iterator[Counter[str]]:
        """Yields how often each attacker got each answer."""
        doors = self.doors().items()
        threads = [threading.Thread(target=self._attack, args=door, daemon=True) for door in doors]
        for thread in threads:
            thread.start()
        try:
            yield self.answers
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _attack(self, name: str, door: Callable[[int], Answer]) -> None:
        rate = 25.0 if name == "refresh" else A_SECOND  # 1,500 a minute
        for number in count():
            if self.over.wait(1 / rate):
                return
            self.answers[f"{name} {door(number).status}"] += 1

    def _token(self, name: str, number: int) -> Answer:
        return Browser(self.port).post("/api/v1/token", {"username": name, "password": f"guess {number}"})


@dataclass
class Told:
    """Sign-ins on one kind of browser: how many seconds each took, and the refusals on the way."""

    kind: str
    seconds: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        if took := sorted(self.seconds):
            middle = took[len(took) // 2]
            yield f"{self.kind}: in {len(took)} times, after {middle:.1f} s (median), {took[-1]:.1f} s at most"
        for text, times in self.refused.most_common(3):
            yield f"{self.kind}: refused {times} times with “{text}”"


def until_in(browser: Browser, name: str, told: Told, patience: float = 90) -> None:
    """Signs in as a person who waits for as long as the page says; then signs out."""
    began = monotonic()
    while monotonic() - began < patience:
        answer = browser.sign_in(name)
        if answer.status == 302:
            told.seconds.append(monotonic() - began)
            browser.sign_out()
            return
        told.refused[answer.told] += 1
        sleep(min(answer.retry_after, patience))
    told.seconds.append(patience)


@dataclass
class Siege:
    """A school under attack. All browsers but the unknown one are prepared beforehand."""

    port: int
    minutes: float
    on_known: list[Told] = field(default_factory=list)
    on_unknown: Told = field(default_factory=lambda: Told("an unknown browser"))

    def __post_init__(self) -> None:
        self.alice, self.carol, self.erin = (known(self.port, name) for name in ("alice", "carol", "erin"))
        self.old = self.alice.copy()
        until_in(self.alice, "alice", Told(""))
        self.library, *self.of_bob = [known(self.port, "bob") for _ in range(known_browsers.BROWSERS)]
        self.of_carol = known(self.port, "carol")

    def lie(self) -> Counter[str]:
        """Runs the siege; returns how often each attacker got each answer."""
        attack = Attack(self.port, known(self.port, "stranger"), self.old, self.library)
        with attack.going_on() as answers:
            sleep(PAUSE)  # by then the budgets elsewhere are used up
            self.ends_at = monotonic() + self.minutes * 60
            known_ones = (self.her_browser, self.colleagues_browser, self.shared_browser, self.many_names, self.copied)
            people = (*known_ones, self.elsewhere)
            with ThreadPoolExecutor(len(people)) as pool:
                for done in [pool.submit(each) for each in people]:
                    done.result()
        return answers

    def told(self, kind: str) -> Told:
        self.on_known.append(Told(kind))
        return self.on_known[-1]

    def going_on(self, pause: float) -> Iterator[None]:
        while monotonic() < self.ends_at:
            yield
            sleep(pause)

    def her_browser(self) -> None:
        told = self.told("a browser of hers")
        for _ in self.going_on(PAUSE):
            until_in(self.alice, "alice", told)

    def colleagues_browser(self) -> None:
        """Alice signs in on each for the first time, while many names are tried on another of Bob's browsers."""
        told = self.told("a browser that only a colleague has used")
        for browser in self.of_bob:
            until_in(browser, "alice", told)
            sleep(self.minutes * 60 / len(self.of_bob))

    def shared_browser(self) -> None:
        """Somebody guesses at Carol's desk until she arrives."""
        told = self.told("a browser on which somebody guesses until she arrives")
        for _ in self.going_on(PAUSE):
            while self.carol.sign_in("carol", "guess").status != 429:
                pass
            until_in(self.carol, "carol", told)

    def many_names(self) -> None:
        """Somebody tries all names at a desk until one of the users arrives, for the first time."""
        told = self.told("a browser on which somebody tries many names until she arrives")
        for name in STAFF:
            if monotonic() < self.ends_at:
                tried = cycle(STAFF)
                while self.of_carol.sign_in(next(tried), "guess").status != 429:
                    pass
                until_in(self.of_carol, name, told)

    def copied(self) -> None:
        """Somebody guesses with a copy of Erin's valid cookie, faster than she does; then a colleague signs in
        there."""
        copy, over = self.erin.copy(), threading.Event()
        attacker = threading.Thread(target=lambda: self._guess(copy, "erin", over), daemon=True)
        attacker.start()
        sleep(PAUSE)
        if self.erin.sign_in("erin").status == 429:
            until_in(self.erin, "carol", Told(""))
        until_in(self.erin, "erin", self.told("a browser whose cookie was copied, after a colleague signed in on it"))
        over.set()
        attacker.join()

    def elsewhere(self) -> None:
        for _ in self.going_on(20):
            answer = Browser(self.port).sign_in("alice")
            if answer.status == 302:
                self.on_unknown.seconds.append(0)
            else:
                self.on_unknown.refused[answer.told] += 1

    def _guess(self, browser: Browser, name: str, over: threading.Event) -> None:
        while not over.wait(1 / A_SECOND):
            browser.sign_in(name, "guess")
