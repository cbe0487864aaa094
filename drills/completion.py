"""Completion under fire: processes race for lessons and are killed at every step; then every promise is checked.

    python -m drills.completion --runs 1000 --nodes 1 --seed 7
    python -m drills.completion --break fence

A run is one lesson. Each has reporters with devices, a client that counts nothing, two completers, somebody who amends
and a reconciler, all processes of their own; most are killed with SIGKILL at some step, started again, and killed
again.
In some batches the primary is killed and restarted under them, or PostgreSQL is stopped as by a power cut.
`--totals FILE` adds this part's numbers to those of earlier parts. The last line sums up.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills import stores

if TYPE_CHECKING:
    from drills.journal import Entry
    from drills.verdict import Verdict
    from drills.world import Race, World

AT_ONCE = 3  # lessons
STEPS = 48  # about as many as a completion has, from its first look to its last
LIVES = 3  # of a process that is killed: it is started again twice


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

    def add(self, verdict: "Verdict") -> None:
        for name, number in asdict(verdict).items():
            setattr(self, name, getattr(self, name) + number)

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.duplicates or self.disagreements or self.stuck)

    def __str__(self) -> str:
        return " ".join(f"{name}={number}" for name, number in asdict(self).items() if name != "steps")


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))
    with stores.workplace() as folder, _stores(options, folder) as faults:
        _set_up(folder)
        from drills import breaking, world

        if options.without:
            breaking.WAYS[options.without]()
        total = _load(options.totals)
        school = world.make()
        _play(school, options.every_step, folder, faults, total)
        _race(school, options, folder, faults, total)
    print(", ".join(f"{step} {count}" for step, count in sorted(total.steps.items())))
    print(f"seed={options.seed} nodes={options.nodes}" + (f" without={options.without}" if options.without else ""))
    _save(options.totals, total)
    print(total)
    return int(total.bad)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m drills.completion", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="lessons to race for")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="mongods")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--totals", type=Path, help="adds to the numbers in this file")
    parser.add_argument("--every-step", action="store_true", help="first, a report and a death at each")
    parser.add_argument("--sqlite", action="store_true", help="instead of PostgreSQL")
    parser.add_argument(
        "--break",
        dest="without",
        choices=("fence", "state-filter", "late-cas", "seen", "w1"),
        help="takes this mechanism out first: the drill must find out",
    )
    return parser


@dataclass
class Faults:
    """What can be done to the stores meanwhile."""

    mongo: stores.ReplicaSet
    sql: stores.Postgres | None = None

    def ways(self) -> list[Callable[[], None]]:
        return [self.primary, self.power_cut] if self.sql else [self.primary]

    def primary(self) -> None:
        member = self.mongo.members[self.mongo.lead()]
        member.kill()
        member.start()

    def power_cut(self) -> None:
        assert self.sql is not None
        self.sql.kill()
        self.sql.start()


@contextmanager
def _stores(options: argparse.Namespace, folder: Path) -> Iterator[Faults]:
    """Starts them, and points the environment there."""
    with ExitStack() as stack:
        os.environ |= {"VAR_DIR": str(folder / "var"), "MONGODB_DATABASE": f"drill_{options.seed}"}
        faults = Faults(stack.enter_context(stores.replica_set(folder / "mongo", options.nodes)))
        os.environ["MONGODB_URL"] = faults.mongo.url
        if options.sqlite:
            os.environ.pop("DATABASE_URL", None)
        else:
            faults.sql = stack.enter_context(stores.postgres(folder / "sql"))
            os.environ["DATABASE_URL"] = faults.sql.url
        yield faults


def _set_up(folder: Path) -> None:
    """The product in this process, and its tables and collections."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attendance_site.settings")
    os.environ["LOG_LEVEL"] = "CRITICAL"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["OPTIONS"].pop("pool", None)  # a process has one connection here
    django.setup()
    from django.core.management import call_command

    from drills import fuse

    fuse.watch()
    call_command("migrate", verbosity=0)
    call_command("mongo_setup", verbosity=0)


def _race(school: "World", options: argparse.Namespace, folder: Path, faults: Faults, total: Total) -> None:
    from drills import verdict

    chance = random.Random(options.seed)
    done = 0
    while done < options.runs:
        count = min(AT_ONCE, options.runs - done)
        races = school.lessons(count)
        batch = Batch(folder / f"batch-{done}", races, chance)
        batch.run(faults)
        findings = batch.judge(total)
        print("\n".join(findings), end="\n" if findings else "")
        done += count
        if sys.stderr.isatty():
            print(f"\r{done} of {options.runs}, {total.kills} kills ", end="", file=sys.stderr)
    if gaps := verdict.feed(school.school):
        print("\n".join(gaps))
        total.disagreements += len(gaps)


class Batch:
    """Some lessons that are raced for at the same time."""

    def __init__(self, folder: Path, races: "Sequence[Race]", chance: random.Random) -> None:
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
        from drills.journal import entries
        from drills.verdict import Case

        findings = []
        for race in self.races:
            told: list[Entry] = list(entries(self._folder(race)))
            case = Case(race, told)
            total.add(case.judge())
            total.runs += 1
            findings += case.findings
        killed = self.ashes.read_text().splitlines() if self.ashes.exists() else []
        total.kills += len(killed)
        total.steps = dict(Counter(total.steps) + Counter(killed))
        return findings

    def _works(self, race: "Race") -> list[Callable[[], None]]:
        """One a process; each makes its own chance, so that a seed tells what everybody tries."""
        from drills import actors
        from drills.journal import Journal

        world, chance = race.world, self.chance
        alice, bob = world.teachers

        def journal(name: str) -> Journal:
            return Journal(self._folder(race) / f"{name}.jsonl")

        def reporter(name: str, user: Any, device: str | None) -> Callable[[], None]:
            seed = chance.random()
            return lambda: actors.Reporter(race, user, device, journal(name), random.Random(seed)).run()

        def other(name: str, act: Callable[..., None], user: Any) -> Callable[[], None]:
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
        from drills import actors

        actors.settle(self.races)

    def _folder(self, race: "Race") -> Path:
        return self.folder / str(race.lesson_id)

    def _start(self, work: Callable[[], None], lives: int) -> None:
        """In a child that goes up in smoke at a chosen step, mostly; the last life is without a fuse."""
        from drills.forking import fork

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


def _play(school: "World", every_step: bool, folder: Path, faults: Faults, total: Total) -> None:
    from drills import interleavings

    plays = [interleavings.chosen(school, faults.mongo)]
    if every_step:
        plays += [interleavings.reports(school), interleavings.deaths(school, folder)]
    for name, scene in chain(*plays):
        verdict, findings = scene.judge()
        total.add(verdict)
        total.runs += 1
        total.kills += name.startswith("a death")
        if findings:
            print(f"{name}:", *findings, sep="\n  ")


def _load(file: Path | None) -> Total:
    if file is None or not file.exists():
        return Total()
    return Total(**json.loads(file.read_text()))


def _save(file: Path | None, total: Total) -> None:
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(total)))


if __name__ == "__main__":
    sys.exit(main())
