"""Nothing acknowledged is lost when the primary is killed, steps down or hangs, and writes soon continue.

Three mongods; reporters in their own processes (`reporters`) write all the while and record acknowledgements.
Afterwards every sheet's log is read with majority and compared. Exits with 1 if a report is missing.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from dev.processes import LOOPBACK, spawn, stop, until
from drills import answers, stores

ENOUGH = 20_000  # acknowledged reports, while the primary is killed again and again
PROCESSES = 2
DATABASE = "drill"
LESSONS = 1_000_000  # lesson ids for each scenario
CALM = 3.0  # seconds before and after each fault


@dataclass
class Drill:
    """The replica set under load."""

    mongods: stores.ReplicaSet
    folder: Path
    write_concern: str

    def start(self, *words: str | Path) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return spawn([sys.executable, *words], output=log)

    def acknowledged(self) -> int:
        return len(answers.acknowledged(answers.read(self.folder)))

    def await_writes(self) -> None:
        """Waits until reports are acknowledged again."""
        before = self.acknowledged()
        assert until(lambda: self.acknowledged() > before + 50, 60), (self.folder / "log").read_text() or "no writes"

    def start_again(self, index: int) -> None:
        """Starts a member that ended, as its supervisor would."""
        self.mongods.members[index].start()
        assert until(lambda: self.mongods.serves(index), 60), f"member {index} does not come back"


def killed(drill: Drill) -> int:
    kills = 0
    while drill.acknowledged() < ENOUGH:
        primary = drill.mongods.lead()
        drill.mongods.members[primary].kill()
        kills += 1
        drill.await_writes()
        drill.start_again(primary)
        sleep(CALM)
    return kills


def stepping_down(drill: Drill) -> int:
    for _ in range(5):
        assert until(lambda: stepped_down(drill), 60), "no secondary is ever caught up"
        drill.await_writes()
        sleep(CALM)
    return 5


def stepped_down(drill: Drill) -> bool:
    """Returns whether the primary stepped down. It refuses if no secondary catches up within a second. Nothing is
    written while it waits, so no operator should wait longer: soon after another election the default of ten seconds
    passed in vain."""
    with drill.mongods.client(drill.mongods.lead()) as client, suppress(OperationFailure), pymongo.timeout(10):
        client.admin.command("replSetStepDown", 20, secondaryCatchUpPeriodSecs=1)
        return True
    sleep(1)
    return False


def hanging(drill: Drill) -> int:
    primary = drill.mongods.members[drill.mongods.lead()]
    primary.hang()
    drill.await_writes()
    sleep(15)  # while it hangs, every new connection to it waits
    primary.go_on()
    return 1


def hanging_watched(drill: Drill) -> int:
    """Runs it twice: the second primary is another member, whose watchdog has not just killed."""
    with ExitStack() as stack:
        for index, port in enumerate(drill.mongods.ports):
            url, pid_file = f"mongodb://{LOOPBACK}:{port}/", drill.mongods.data(index) / "mongod.lock"
            watchdog = drill.start("deploy/mongo_watchdog.py", "--url", url, "--pid-file", pid_file)
            stack.callback(stop, watchdog)
        sleep(2 * CALM)
        for _ in range(2):
            primary = drill.mongods.lead()
            drill.mongods.members[primary].hang()
            drill.mongods.members[primary].wait(20)
            drill.await_writes()
            drill.start_again(primary)
            sleep(CALM)
    return 2


SCENARIOS: dict[str, Callable[[Drill], int]] = {
    "primary killed": killed,
    "primary steps down": stepping_down,
    "primary hangs": hanging,
    "primary hangs, watchdog": hanging_watched,
}


@contextmanager
def reporters(drill: Drill, first_lesson: int) -> Iterator[None]:
    """Runs reporters; raises the error that ended one of them early."""
    concern = drill.write_concern
    processes = [
        drill.start("-m", "drills.reporters", drill.folder, str(number), str(first_lesson), concern)
        for number in range(PROCESSES)
    ]
    try:
        drill.await_writes()
        sleep(CALM)
        yield
        sleep(CALM)
    finally:
        for process in processes:
            stop(process)
    assert not any(process.returncode for process in processes), (drill.folder / "log").read_text()


def missing(mongods: stores.ReplicaSet, first_lesson: int, reports: set[str]) -> set[str]:
    """Returns the reports that are in no sheet's log, as a majority holds it."""
    mongods.lead()
    with MongoClient[dict[str, Any]](mongods.url, readConcernLevel="majority", uuidRepresentation="standard") as client:
        lessons = {"lesson": {"$gte": first_lesson, "$lt": first_lesson + LESSONS}}
        sheets = client[DATABASE]["sheets"].find(lessons, {"log.report_id": 1})
        return reports - {str(mark["report_id"]) for sheet in sheets for mark in sheet["log"]}


def run(name: str, drill: Drill, first_lesson: int) -> int:
    """Runs one scenario, prints a line, and returns how many reports were lost."""
    with reporters(drill, first_lesson):
        times = SCENARIOS[name](drill)
    given = answers.read(drill.folder)
    reports = answers.acknowledged(given)
    lost = len(missing(drill.mongods, first_lesson, reports))
    refused = sum(not answer.accepted for answer in given)
    print(
        f"{name}: {times} times, {len(reports):,} acknowledged, {lost} lost,"
        f" {answers.longest_gap(given):.1f} s without a write, longest answer {answers.longest(given, True):.2f} s,"
        f" {refused} refused, longest refusal {answers.longest(given, False):.2f} s",
        flush=True,
    )
    return lost


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-concern", default="majority", help="1 shows what a weaker write concern loses")
    parser.add_argument("--only", choices=list(SCENARIOS), help="one scenario")
    options = parser.parse_args()
    with stores.workplace() as folder, stores.replica_set(folder, 3) as mongods:
        os.environ |= {"MONGODB_URL": mongods.url, "MONGODB_DATABASE": DATABASE, "VAR_DIR": str(folder / "var")}
        subprocess.run([sys.executable, "manage.py", "mongo_setup", "-v", "0"], check=True)
        lost = 0
        for number, name in enumerate(SCENARIOS):
            if options.only in (None, name):
                journals = folder / f"scenario-{number}"
                journals.mkdir()
                lost += run(name, Drill(mongods, journals, options.write_concern), 1 + number * LESSONS)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
