import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from absences.watchdog import Watchdog


class Command(BaseCommand):
    help = (
        "Kills the mongod beside it when that has served and then does not answer, so that its replica set elects"
        " another and its supervisor starts it again. Runs until stopped, as the same user as the mongod."
    )
    requires_system_checks = ()  # it stands on the machine of a store, where the product may lack everything else

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="mongodb://127.0.0.1:27017/", help="The mongod, %(default)s.")
        process = parser.add_mutually_exclusive_group(required=True)
        process.add_argument("--pid-file", type=Path, help="Holds its process id: mongod.lock in its data folder.")
        process.add_argument("--pid", type=int, help="Its process id; the watchdog is of no use after its end.")
        parser.add_argument("--seconds", type=float, default=2.0, help="How long it may be silent, %(default)s.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be done.")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        pid = from_file(options["pid_file"]) if options["pid_file"] else lambda: options["pid"]
        watchdog = Watchdog(options["url"], pid, options["seconds"], options["dry_run"])
        try:
            watchdog.watch(stop.is_set)
        except PermissionError as error:
            raise CommandError("The watchdog may not kill this mongod: run it as the same user.") from error
        finally:
            watchdog.close()


def from_file(path: Path) -> Callable[[], int | None]:
    """Reads it anew each time: a mongod that starts writes its number, one that ends leaves the file empty."""

    def pid() -> int | None:
        with suppress(OSError, ValueError):
            return int(path.read_text())
        return None

    return pid
