"""Runs a fuzzer that reads the API's schema, as each role, with every check on, against a running server.

    python -m drills.fuzz --requests 20000
    python -m drills.fuzz --requests 1500 --role client

Exits with 1 if an answer is not in the schema, or is a 500. The last line is a summary.
"""

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dev.processes import LOOPBACK, spawn, stop, until
from drills import stores
from drills.load import Door

ROLES = ("client", "teacher", "office", "admin", "integrator", "operator", "ticket", "nobody")
BUDGET = 10**9  # requests a minute: the limits have tests of their own
EXAMPLES = 12  # per operation and phase; a role is fuzzed again, with another seed, until it has had its share
STATUS = re.compile(r"^(\d{3})$", re.MULTILINE)

# Checks whose assumptions do not hold here:
EXCLUDED = {
    # an id that fits the pattern need not exist, and a valid body need not fit the lesson
    "positive_data_acceptance": "404, 409 and 422 are right answers to well-formed requests",
    # a limited second sign-in, or a lesson that already has a register, is not a failure of the earlier request
    "ensure_resource_availability": "there is nothing that POST makes and GET reads under the id that it answered",
    "use_after_free": "nothing is ever deleted: DELETE takes an absence back, which is a report too",
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m drills.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000, help="the least number of requests")
    parser.add_argument("--role", action="append", choices=ROLES, help="only as this role; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    roles = options.role or ROLES
    with stores.workplace() as folder, ExitStack() as stack:
        nodes = stack.enter_context(stores.replica_set(folder / "mongo", 1))
        os.environ |= {"VAR_DIR": str(folder / "var"), "MONGODB_URL": nodes.url, "LOG_LEVEL": "ERROR"}
        os.environ |= dict.fromkeys(
            ("REQUESTS_A_MINUTE", "REQUESTS_A_MINUTE_OF_SYSTEMS", "REQUESTS_A_MINUTE_UNSIGNED"), str(BUDGET)
        )
        os.environ["DJANGO_SETTINGS_MODULE"] = "attendance_site.settings"
        set_up()
        from attendance_site.tests.doors.world import World

        world, log = World(), folder / "access.log"
        door = stack.enter_context(served(folder, log))
        failures = 0
        for role in roles:
            share, seed = len(answers(log)) + options.requests // len(roles), options.seed
            while len(answers(log)) < share and not failures:
                failures += fuzzed(folder, door.port, token(world, role), seed)
                seed += 1
            print(f"{role}: {len(answers(log))} requests so far, {failures} failures", flush=True)
        counts = Counter(answers(log))
    kinds = " ".join(f"{kind}xx={sum(n for s, n in counts.items() if s[0] == kind)}" for kind in "2345")
    print(f"requests={sum(counts.values())} roles={len(roles)} failures={failures} status_500={counts['500']} {kinds}")
    return int(bool(failures or counts["500"]))


def set_up() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("mongo_setup", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


@contextmanager
def served(folder: Path, log: Path) -> Iterator[Door]:
    """Yields the product on a gunicorn that writes the status of each answer to a file."""
    port = stores.free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "attendance_site/gunicorn_conf.py"]
    command += ["--bind", f"{LOOPBACK}:{port}", "--access-logfile", str(log), "--access-logformat", "%(s)s"]
    with (folder / "server.log").open("wb") as output:
        server = spawn(command, output=output)
    try:
        door = Door(port)
        assert until(lambda: door.ask("GET", "/healthz", {}).status == 200, within=30), "the server did not start"
        yield door
    finally:
        stop(server)
        sys.stderr.write((folder / "server.log").read_text()[-4000:])


def token(world: Any, role: str) -> Any:
    if role == "nobody":
        return None
    return world.ticket if role == "ticket" else world.token(world.users[role])


def fuzzed(folder: Path, port: int, bearer: str | None, seed: int) -> int:
    """Returns 1 if a check failed. The fuzzer's cache is deleted with the folder."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"http://{LOOPBACK}:{port}/api/schema"]
    command += ["--checks", "all", "--exclude-checks", ",".join(EXCLUDED), "--max-examples", str(EXAMPLES)]
    command += ["--seed", str(seed), "--no-color", "--warnings", "off", "--suppress-health-check", "all"]
    if bearer:
        command += ["--header", f"Authorization: Bearer {bearer}"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stdout[-12000:], run.stderr[-2000:])
    return int(run.returncode != 0)


def answers(log: Path) -> list[str]:
    return STATUS.findall(log.read_text()) if log.exists() else []


if __name__ == "__main__":
    sys.exit(main())
