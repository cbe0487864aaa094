"""Compares two checkouts of the product: has anything that people wait for become slower?

    python -m benchmarks.compare OLD NEW [--rounds 12] [--json FILE]

OLD and NEW are folders, or commits of this repository. Three processes, two of them for OLD, do the same operation in
turn, in a changing order, each on its own SQLite file and MongoDB database. The difference between OLD and OLD is the
noise of this machine: NEW is slower if it takes longer by more than that and five per cent. Exits with 1 if anything is
slower.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tqdm import tqdm

from benchmarks.pages import where_it_is
from drills import stores

ROOT = Path(__file__).resolve().parents[1]
PROBE = Path(__file__).with_name("probe.py")
WARM = 10  # operations of each kind before the first round
IN_A_ROUND = 10  # operations of each kind; their median is one figure
ALLOWED = 0.05
MID_MORNING = 10


class Checkout:
    """A process that serves one checkout."""

    def __init__(self, folder: Path, stores_of: Path, mongodb_url: str, completions: int) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")},
            "VAR_DIR": str(stores_of),
            "MONGODB_URL": mongodb_url,
            "MONGODB_DATABASE": stores_of.name,
            "LOG_LEVEL": "ERROR",
            "PYTHONPATH": str(folder),
        }
        command = [sys.executable, "-P", str(PROBE), where_it_is(MID_MORNING), str(completions)]
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.operations: list[str] = self._answer()

    def ask(self, line: str) -> Any:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answer(self) -> Any:
        assert self._process.stdout
        if not (line := self._process.stdout.readline()):
            raise SystemExit(f"A checkout ended with {self._process.wait()}.")
        return json.loads(line)


@dataclass(frozen=True)
class Figure:
    """One operation by one measure. `old` and `new` are medians in milliseconds; `same` and `changed` are the ratios of
    each round, OLD to OLD and NEW to OLD."""

    operation: str
    measure: str
    old: float
    new: float
    same: Sequence[float]
    changed: Sequence[float]

    @property
    def spread(self) -> float:
        """Returns how far apart nine of ten rounds of OLD and OLD stay."""
        return quantiles((abs(ratio - 1) for ratio in self.same), n=10)[-1]

    @property
    def ratio(self) -> float:
        return median(self.changed)

    @property
    def is_slower(self) -> bool:
        return self.ratio > 1 + self.spread + ALLOWED

    def __str__(self) -> str:
        verdict = "SLOWER" if self.is_slower else ""
        return (
            f"{self.operation:14} {self.measure:4} {self.old:8.2f} {self.new:8.2f} ms"
            f"   old/old {median(self.same):5.3f} ± {self.spread:5.3f}   new/old {self.ratio:5.3f}   {verdict}"
        ).rstrip()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__.split("\n")[0])
    parser.add_argument("old", help="a folder or a commit")
    parser.add_argument("new", help="a folder or a commit")
    parser.add_argument("--rounds", type=int, default=12, help=f"rounds of {IN_A_ROUND} operations of each kind")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    given = parser.parse_args(arguments)
    with stores.workplace() as folder, ExitStack() as stack:
        nodes = stack.enter_context(stores.replica_set(folder / "mongo", 1))
        old, new = (stack.enter_context(checked_out(each, folder)) for each in (given.old, given.new))
        completions = WARM + 1 + given.rounds * IN_A_ROUND
        served = {}
        for name, checkout in (("old", old), ("old-again", old), ("new", new)):
            served[name] = Checkout(checkout, folder / name, nodes.url, completions)
            stack.callback(served[name].end)
        counts = {name: counted(each) for name, each in served.items()}
        figures = measured(served, given.rounds)
    show(figures, counts)
    if given.json:
        rows = [{**vars(each), "spread": each.spread, "ratio": each.ratio} for each in figures]
        given.json.write_text(json.dumps({"figures": rows, "counts": counts}, indent=1))
    return int(any(each.is_slower for each in figures))


@contextmanager
def checked_out(given: str, folder: Path) -> Iterator[Path]:
    """Yields the folder, or a temporary checkout of the commit."""
    if Path(given).is_dir():
        yield Path(given).resolve()
        return
    git, made = ["git", "-C", str(ROOT), "worktree"], folder / f"checkout-{given.replace('/', '-')}"
    subprocess.run([*git, "add", "--quiet", "--detach", str(made), given], check=True)
    try:
        yield made
    finally:
        subprocess.run([*git, "remove", "--force", str(made)], check=True)


def counted(checkout: Checkout) -> dict[str, dict[str, int]]:
    """Returns the SQL statements and MongoDB commands of each operation, after warming up."""
    for operation in checkout.operations:
        for _ in range(WARM):
            checkout.ask(operation)
    return {operation: checkout.ask(f"count {operation}") for operation in checkout.operations}


def measured(served: dict[str, Checkout], rounds: int) -> list[Figure]:
    names, operations = list(served), served["new"].operations
    medians: dict[tuple[str, str], dict[str, list[float]]] = {}
    for turn in tqdm(range(rounds), desc="rounds", disable=not sys.stderr.isatty()):
        for operation in operations:
            took: dict[str, list[dict[str, float]]] = {name: [] for name in names}
            for each in range(IN_A_ROUND):
                first = (turn + each) % len(names)
                for name in names[first:] + names[:first]:
                    took[name].append(served[name].ask(operation))
            for measure in ("wall", "cpu"):
                of_round = medians.setdefault((operation, measure), {name: [] for name in names})
                for name in names:
                    of_round[name].append(median(one[measure] for one in took[name]))
    return [figure(operation, measure, found) for (operation, measure), found in medians.items()]


def figure(operation: str, measure: str, found: dict[str, list[float]]) -> Figure:
    old, again, new = found["old"], found["old-again"], found["new"]
    same = [b / a for a, b in zip(old, again, strict=True)]
    changed = [2 * c / (a + b) for a, b, c in zip(old, again, new, strict=True)]
    return Figure(operation, measure, median(old + again), median(new), same, changed)


def show(figures: Sequence[Figure], counts: dict[str, dict[str, dict[str, int]]]) -> None:
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; SQLite, one mongod; a class of thirty")
    for each in figures:
        print(each)
    for operation, old in counts["old"].items():
        new = counts["new"][operation]
        told = ", ".join(f"{store} {old[store]} → {new[store]}" for store in old)
        print(f"{operation:14} statements and commands: {told}")


if __name__ == "__main__":
    sys.exit(main())
