"""Completion under fire: processes race for lessons and are killed at every step; then every promise is checked.

    python -m drills.completion --runs 1000 --nodes 1 --seed 7
    python -m drills.completion --break fence

A run is one lesson. Each has reporters with devices, a client without sequences, two users who complete, one who
amends, and a reconciler, all in processes of their own. Most are killed with SIGKILL at some step, started again, and
killed again. In some batches the primary is killed and restarted meanwhile, or PostgreSQL is stopped as by a power cut.
`--totals FILE` adds this part's numbers to those of earlier parts. The last line is a summary.
"""

import argparse
import json
import os
import random
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from drills import stores


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))
    with stores.workplace() as folder, ExitStack() as stack:
        nodes = stack.enter_context(stores.replica_set(folder / "mongo", options.nodes))
        sql = None if options.sqlite else stack.enter_context(stores.postgres(folder / "sql"))
        set_up(folder, nodes.url, sql.url if sql else None)
        from drills import breaking, interleavings, race, world

        total = race.Total(**_kept(options.totals))
        school, faults = world.make(), race.Faults(nodes, sql)
        if options.without:
            breaking.WAYS[options.without]()
        race.play(interleavings.chosen(school, nodes), total)
        if options.every_step:
            race.play(interleavings.reports(school), total)
            race.play(interleavings.deaths(school, folder), total)
        race.race(school, options.runs, options.seed, folder, faults, total)
        proved = race.prove(school, folder, faults) if options.prove else True
    print(", ".join(f"{step} {count}" for step, count in sorted(total.steps.items())))
    print(f"seed={options.seed} nodes={options.nodes}" + (f" without={options.without}" if options.without else ""))
    if options.totals:
        options.totals.parent.mkdir(parents=True, exist_ok=True)
        options.totals.write_text(json.dumps(asdict(total)))
    print(total)
    return int(total.bad or not proved)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m drills.completion", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="lessons to race for")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="mongods")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--totals", type=Path, help="adds to the numbers in this file")
    parser.add_argument("--every-step", action="store_true", help="begin with a report and a kill at each step")
    parser.add_argument("--prove", action="store_true", help="end by checking that it notices every removed mechanism")
    parser.add_argument("--sqlite", action="store_true", help="instead of PostgreSQL")
    parser.add_argument(
        "--break",
        dest="without",
        choices=("fence", "state-filter", "late-cas", "seen", "w1"),
        help="remove this mechanism first: the drill must notice",
    )
    return parser


def set_up(folder: Path, mongodb: str, postgresql: str | None) -> None:
    """Sets up the product in this process, on these stores, with its tables and collections."""
    os.environ |= {"VAR_DIR": str(folder / "var"), "MONGODB_URL": mongodb, "LOG_LEVEL": "CRITICAL"}
    os.environ.pop("DATABASE_URL", None)
    if postgresql:
        os.environ["DATABASE_URL"] = postgresql
    os.environ["DJANGO_SETTINGS_MODULE"] = "attendance_site.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["OPTIONS"].pop("pool", None)  # each process has one connection here
    django.setup()
    from django.core.management import call_command

    from drills import fuse

    fuse.watch()
    call_command("migrate", verbosity=0)
    call_command("mongo_setup", verbosity=0)


def _kept(totals: Path | None) -> dict[str, Any]:
    return json.loads(totals.read_text()) if totals and totals.exists() else {}


if __name__ == "__main__":
    sys.exit(main())
