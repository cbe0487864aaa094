import json
import logging
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone
from tqdm import tqdm

from absences.repair import restore
from absences.repair.reconcile import reconcile, to_do
from absences.repair.verify import verify
from absences.store.scope import Scope
from lessons.errors import StoreUnavailable

log = logging.getLogger(__name__)

UNREACHABLE = (StoreUnavailable, OperationalError, InterfaceError)
GRACE = timedelta(seconds=10)


class Command(BaseCommand):
    help = (
        "Finishes completions, late reports and projections that were left unfinished, moves orphans aside and compacts"
        " old sheets. Safe to run twice at once. Prints one JSON line; on a terminal, progress too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--school", type=int, metavar="ID", help="only this school")
        parser.add_argument("--day", type=date.fromisoformat, metavar="YYYY-MM-DD", help="only lessons of this day")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--dry-run", action="store_true", help="only report how much there is to do")
        how.add_argument("--verify", action="store_true", help="compare the stores; exit status 1 if they differ")
        how.add_argument(
            "--after-restore",
            choices=tuple(restore.RUNBOOKS),
            help="this store was restored from a backup: print what to do, and recover what the other store has",
        )
        how.add_argument("--forever", action="store_true", help="run until stopped, with RECONCILE_SECONDS in between")

    def handle(self, *args: Any, **options: Any) -> None:
        scope = Scope(options["school"], options["day"])
        try:
            if options["forever"]:
                self.go_on(scope)
            elif options["verify"]:
                self.verify(scope)
            elif options["after_restore"]:
                self.after_restore(options["after_restore"], scope)
            elif options["dry_run"]:
                self.say(asdict(to_do(timezone.now(), scope=scope)))
            else:
                with self.progress() as bar:
                    done = reconcile(timezone.now(), scope=scope, advance=bar.update)
                self.say(asdict(done))
        except UNREACHABLE as error:
            raise CommandError(f"A store cannot be reached: {error}") from error

    def go_on(self, scope: Scope) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            try:
                if done := reconcile(timezone.now(), scope=scope, grace=GRACE):
                    self.say(asdict(done))
            except UNREACHABLE as error:
                log.warning("A store cannot be reached; trying again: %s", type(error).__name__)
            close_old_connections()
            stop.wait(settings.RECONCILE_SECONDS)

    def verify(self, scope: Scope) -> None:
        """Compares the stores. Raises CommandError, which is exit status 1, if they differ."""
        compared = differences = 0
        began = monotonic()
        with self.progress() as bar:
            for page in verify(scope):
                compared, differences = compared + page.compared, differences + len(page.differences)
                for difference in page.differences:
                    self.stderr.write(str(difference))
                bar.update(page.compared)
        rate = round(compared / (monotonic() - began))
        self.say({"compared": compared, "differences": differences, "sheets_per_second": rate})
        if differences:
            raise CommandError("The stores differ.", returncode=1)

    def after_restore(self, store: str, scope: Scope) -> None:
        self.stderr.write(restore.RUNBOOKS[store])
        now = timezone.now()
        with self.progress() as bar:
            if store == "postgresql":
                done = restore.after_postgresql(now, scope, say=self.stderr.write, advance=bar.update)
            else:
                done = restore.after_mongodb(now, scope, advance=bar.update)
        self.say({"restored": asdict(done), "reconciled": asdict(reconcile(now, scope=scope))})

    @contextmanager
    def progress(self) -> Iterator[Any]:
        """Yields a progress bar on a terminal, and nothing elsewhere."""
        with tqdm(unit=" sheets", disable=not sys.stderr.isatty(), leave=False) as bar:
            yield bar

    def say(self, done: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(done))
