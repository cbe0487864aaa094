"""Absences are accepted while PostgreSQL is stopped or frozen, and requests that need it get 503 within a second.

Runs the product on a real gunicorn, set up as in production, with its own PostgreSQL and mongod. Exits with 1 if a
report was not accepted, or a completion was lost.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from dev.processes import LOOPBACK, spawn, stop, until
from drills import stores
from drills.load import Answer, Door, spread, steadily

REPORTS = 50.0  # per second
COMPLETIONS = 2.0
PAGES = 10.0
SLOW = 0.3  # seconds
BEFORE, STOPPED, FROZEN, AFTER = 5.0, 20.0, 10.0, 10.0  # seconds
LESSONS = 180  # enough for the completions of both scenarios


@dataclass
class Product:
    """The product's address, and what a teacher's devices hold."""

    door: Door
    roster: list[int]
    tickets: dict[str, str]
    access: str
    cookie: str

    def __post_init__(self) -> None:
        self.lessons = list(self.tickets)
        self.completing: list[str] = []

    def report(self, number: int) -> Answer:
        """Reports in lessons that are not completed here."""
        lesson = self.lessons[number % 20]
        path = f"/api/v1/lessons/{lesson}/absences/{self.roster[number // 20 % 30]}"
        return self.door.ask("PUT", path, _bearer(self.tickets[lesson]), {"code": "N"})

    def complete(self, lesson: str) -> Answer:
        return self.door.ask("POST", f"/api/v1/lessons/{lesson}/complete", _bearer(self.access))

    def complete_next(self, number: int) -> Answer:
        lesson = self.lessons.pop()
        self.completing.append(lesson)
        return self.complete(lesson)

    def repeated(self) -> int:
        """Returns how many of the lessons have a register when the same request is repeated."""
        completing, self.completing = self.completing, []
        return sum(self.complete(lesson).status == 200 for lesson in completing)

    def page(self, number: int) -> Answer:
        return self.door.ask("GET", f"/lessons/{self.lessons[number % 20]}/", {"Cookie": self.cookie})


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


@contextmanager
def product(folder: Path) -> Iterator[Product]:
    port = stores.free_port()
    for words in (["migrate", "-v", "0"], ["mongo_setup", "-v", "0"], ["collectstatic", "-v", "0", "--no-input"]):
        subprocess.run([sys.executable, "manage.py", *words], check=True)
    made = subprocess.run([sys.executable, "-m", "drills.classes", str(LESSONS)], check=True, stdout=subprocess.PIPE)
    command = [sys.executable, "-m", "gunicorn", "--config", "attendance_site/gunicorn_conf.py"]
    with (folder / "server.log").open("wb") as log:
        server = spawn([*command, "--bind", f"{LOOPBACK}:{port}"], output=log)
    try:
        door = Door(port)
        assert until(lambda: door.ask("GET", "/readyz").status == 200, 30), (folder / "server.log").read_text()
        yield Product(door, **json.loads(made.stdout))
    finally:
        stop(server)


def away(product: Product, postgres: stores.Postgres, freeze: bool) -> bool:
    """Takes PostgreSQL away under load and brings it back. Prints what the clients saw; returns whether all was as it
    must be."""
    seconds = FROZEN if freeze else STOPPED
    with (
        steadily(REPORTS, product.report) as reports,
        steadily(COMPLETIONS, product.complete_next) as completions,
        steadily(PAGES, product.page) as pages,
    ):
        sleep(BEFORE)
        (postgres.hang if freeze else postgres.kill)()
        went = monotonic()
        sleep(seconds)
        (postgres.go_on if freeze else postgres.start)()
        came = monotonic()
        sleep(AFTER)
    print(f"PostgreSQL {'frozen' if freeze else 'stopped'} for {seconds:.0f} s")
    print(f"  reports: {acceptance(reports, went, came)}")
    print(f"  completions: {refusals(completions, went, came)}")
    print(f"  pages: {refusals(pages, went, came)}")
    registers = product.repeated()
    print(f"  {registers} of {len(completions)} lessons got their register by the same request", flush=True)
    return registers == len(completions) and all(answer.status == 202 for answer in reports)


def acceptance(reports: list[Answer], went: float, came: float) -> str:
    """Describes reporting while PostgreSQL was away."""
    meanwhile = [answer for answer in reports if went <= answer.began < came]
    accepted = sum(answer.status == 202 for answer in meanwhile)
    slow = sum(answer.seconds > SLOW for answer in meanwhile)
    return f"{accepted} of {len(meanwhile)} accepted, {spread(meanwhile)}, {slow} over {SLOW * 1000:.0f} ms"


def refusals(answers: list[Answer], went: float, came: float) -> str:
    """Describes the requests that were sent while PostgreSQL was away."""
    meanwhile = [answer for answer in answers if answer.began < came and went < answer.began + answer.seconds]
    refused = [answer for answer in meanwhile if answer.status == 503 and answer.retry_after]
    served = [answer for answer in meanwhile if answer.status == 200]
    failed = len(meanwhile) - len(refused) - len(served)
    again = min((answer.began for answer in answers if answer.began >= came and answer.status == 200), default=0.0)
    return (
        f"{len(refused)} of {len(meanwhile)} refused with Retry-After, {spread(refused)}"
        + (f"; {len(served)} served at the beginning or end, {spread(served)}" if served else "")
        + (f"; {failed} FAILED" if failed else "")
        + f"; recovered after {again - came:.1f} s"
    )


def main() -> int:
    with ExitStack() as stack:
        folder = stack.enter_context(stores.workplace())
        postgres = stack.enter_context(stores.postgres(folder / "postgres"))
        mongod = stack.enter_context(stores.replica_set(folder / "mongo", 1))
        os.environ |= {"DATABASE_URL": postgres.url, "MONGODB_URL": mongod.url, "VAR_DIR": str(folder / "var")}
        served = stack.enter_context(product(folder))
        well = [away(served, postgres, freeze) for freeze in (False, True)]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
