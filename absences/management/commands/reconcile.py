import json
import logging
import signal
import threading
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from absences.reconcile import Done, reconcile
from lessons.errors import StoreUnavailable

log = logging.getLogger(__name__)

UNREACHABLE = (StoreUnavailable, OperationalError, InterfaceError)
GRACE = timedelta(seconds=10)


class Command(BaseCommand):
    help = "Finishes completions, late reports and projections that were left unfinished. Safe to run twice at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--forever", action="store_true", help="Go on until stopped, with RECONCILE_SECONDS between."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["forever"]:
            self.go_on()
            return
        try:
            self.say(reconcile(timezone.now()))
        except UNREACHABLE as error:
            raise CommandError(f"A store cannot be reached: {error}") from error

    def go_on(self) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            try:
                if done := reconcile(timezone.now(), grace=GRACE):
                    self.say(done)
            except UNREACHABLE as error:
                log.warning("A store cannot be reached, trying again: %s", type(error).__name__)
            close_old_connections()
            stop.wait(settings.RECONCILE_SECONDS)

    def say(self, done: Done) -> None:
        self.stdout.write(json.dumps(asdict(done)))
