"""Runs of the completion drill: lessons that processes race for, and played interleavings."""

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from drills import actors, breaking, interleavings, stores
from drills.forking import fork
from drills.interleavings import Play
from drills.journal import Journal, entries
from drills.verdict import Case, Verdict, feed
from drills.world import Race, World
from lessons.models import User

AT_ONCE = 3  # lessons
STEPS = 48  # about the number of a completion's steps
LIVES = 3  # of a process that is killed: it is restarted twice


@dataclass
class Total:
    runs: int = 0
    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicates: int = 0
    disagreements: int = 0
    stuck: int = 0
    steps: dict[str, int] = field(default_factory=dict)

    def add(self, verdict: Verdict) -> None:
        for name, number in asdict(verdict).items():
            setattr(self, name, getattr(self, name) + number)

    def count(self, killed: Sequence[str]) -> None:
        """Counts the kills by step, or by server."""
        self.kills += len(killed)
        self.steps = dict(Counter(self.steps) + Counter(killed))

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.duplicates or self.disagreements or self.stuck)

    def __str__(self) -> str:
        return " ".join(f"{name}={number}" for name, number in asdict(self).items() if name != "steps")


@dataclass
class Faults:
    """Faults that can be caused in the stores meanwhile."""

    mongo: stores.ReplicaSet
    sql: stores.Postgres | None = None
    done: list[str] = field(default_factory=list)

    def ways(self) -> list[Callable[[], None]]:
        return [self.primary, self.power_cut] if self.sql else [self.primary]

    def primary(self) -> None:
        member = self.mongo.members[self.mongo.lead()]
        member.kill()
        member.start()
        self.done.append("the primary")

    def power_cut(self) -> None:
        assert self.sql is not None
        self.sql.kill()
        self.sql.start()
        self.done.append("PostgreSQL")


def play(plays: Iterable[Play], total: Total) -> None:
    for name, scene in plays:
        verdict, findings = scene.judge()
        total.add(verdict)
        total.runs += 1
        if name.startswith(interleavings.DEATH):
            total.count([name.removeprefix(interleavings.DEATH)])
        if findings:
            print(f"{name}:", *findings, sep="\n  ", flush=True)


def race(world: World, runs: int, seed: int, folder: Path, faults: Faults, total: Total) -> None:
    chance = random.Random(seed)
    for done in range(0, runs, AT_ONCE):
        races = world.lessons(min(AT_ONCE, runs - done))
        batch = Batch(folder / f"batch-{done}", races, chance)
        batch.run(faults)
        for finding in batch.judge(total):
            print(finding, flush=True)
        if sys.stderr.isatty():
            print(f"\r{done} of {runs}, {total.kills} kills ", end="", file=sys.stderr)
    total.count(faults.done)
    for gap in feed(world.school):
        print(gap)
        total.disagreements += 1


def prove(world: World, folder: Path, faults: Faults) -> bool:
    """Returns whether the drill notices every removed mechanism. Mechanisms stay removed: this process cannot be used
    afterwards."""
    found = [_is_missed(name, world, folder, faults) for name in interleavings.WITNESSES]
    if len(faults.mongo.members) > 1:
        found.append(_misses("w1", world, faults))
    return all(found)


def _is_missed(mechanism: str, world: World, folder: Path, faults: Faults) -> bool:
    """Checks one mechanism in a process of its own."""

    def broken() -> None:
        sys.exit(not _misses(mechanism, world, faults))

    return os.waitpid(fork(broken, None, folder / "ashes"), 0)[1] == 0


def _misses(mechanism: str, world: World, faults: Faults) -> bool:
    breaking.WAYS[mechanism]()
    total = Total()
    play(interleavings.witness(mechanism, world, faults.mongo), total)
    print(f"without={mechanism} {total}", flush=True)
    return total.bad


class Batch:
    """Some lessons that are raced for at the same time."""

    def __init__(self, folder: Path, races: Sequence[Race], chance: random.Random) -> None:
        self.folder, self.races, self.chance = folder, races, chance
        self.ashes = folder / "ashes"
        self.children: dict[int, tuple[Callable[[], None], int]] = {}
        folder.mkdir()
        for race in races:
            self._folder(race).mkdir()

    def run(self, faults: Faults) -> None:
        works = [work for race in self.races for work in self._works(race)]
        self.chance.shuffle(works)
        for work in works:
            self._start(work, LIVES)
        ways = faults.ways()
        if self.chance.random() < 0.1:
            time.sleep(self.chance.random() * 0.5)
            self.chance.choice(ways)()
        self._wait()
        self._start(self._settle, lives=1)
        self._wait()

    def judge(self, total: Total) -> list[str]:
        findings = []
        for race in self.races:
            case = Case(race, list(entries(self._folder(race))))
            total.add(case.judge())
            total.runs += 1
            findings += case.findings
        killed = self.ashes.read_text().splitlines() if self.ashes.exists() else []
        total.count(killed)
        return findings

    def _works(self, race: Race) -> list[Callable[[], None]]:
        """Returns each process's work. Each has its own random generator, so that a seed determines what everybody
        tries."""
        world, chance = race.world, self.chance
        alice, bob = world.teachers

        def journal(name: str) -> Journal:
            return Journal(self._folder(race) / f"{name}.jsonl")

        def reporter(name: str, user: User, device: str | None) -> Callable[[], None]:
            seed = chance.random()
            return lambda: actors.Reporter(race, user, device, journal(name), random.Random(seed)).run()

        def other(name: str, act: Callable[..., None], user: User) -> Callable[[], None]:
            seed = chance.random()
            return lambda: act(race, user, journal(name), random.Random(seed))

        sweeper = random.Random(chance.random())
        return [
            reporter("phone", alice, "phone"),
            reporter("tablet", alice, "tablet"),
            reporter("bob", bob, "phone"),
            reporter("system", world.integrator, None),
            other("alice-completes", actors.complete, alice),
            other("bob-completes", actors.complete, bob),
            other("office", actors.amend, world.office),
            lambda: actors.sweep(sweeper),
        ]

    def _settle(self) -> None:
        actors.settle(self.races)

    def _folder(self, race: Race) -> Path:
        return self.folder / str(race.lesson_id)

    def _start(self, work: Callable[[], None], lives: int) -> None:
        """Starts the work in a child that is usually killed at a chosen step; its last life has no fuse."""
        steps = self.chance.randrange(STEPS) if lives > 1 and self.chance.random() < 0.8 else None
        self.children[fork(work, steps, self.ashes)] = (work, lives)

    def _wait(self) -> None:
        while self.children:
            child, status = os.wait()
            if child not in self.children:
                continue  # a server of the stores
            work, lives = self.children.pop(child)
            if os.WIFSIGNALED(status):
                self._start(work, lives - 1)
            elif status:
                self._end()
                raise SystemExit("An actor failed: see above.")

    def _end(self) -> None:
        for child in self.children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
