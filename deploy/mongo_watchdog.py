"""Kills a mongod that hangs, so that its replica set elects another primary and its supervisor starts it again.

A set replaces a dead primary within three seconds, but a hung one (a stalled disk, a starved machine) keeps its
connections open, and was measured to hold up every write for 18 s. So run one watchdog beside each mongod.

It needs PyMongo and nothing else of the product. It runs on the store's machine, as the same user as the mongod.
"""

import logging
import os
import signal
import socket
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

log = logging.getLogger("mongo_watchdog")

# Attempts within the limit, all of which must go unanswered: neither a lost packet nor a machine that slept causes a
# kill.
QUESTIONS = 4

# Seconds to wait after a kill. If the machine is too slow for its mongod, more kills do not help.
REST = 60.0


class Process:
    """One running process. Its process id can be reused by another process; this handle cannot.

    Raises ProcessLookupError if there is none, and PermissionError now rather than when the process must be killed.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.handle = os.pidfd_open(pid)
        signal.pidfd_send_signal(self.handle, 0)

    def kill(self) -> None:
        """Kills it. Raises ProcessLookupError if it has ended."""
        signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def close(self) -> None:
        os.close(self.handle)


def member(url: str, within: float) -> MongoClient[dict[str, Any]]:
    """Returns a client of this server alone, whatever its role in the set, with this timeout in seconds."""
    milliseconds = int(within * 1000)
    return MongoClient(
        url,
        directConnection=True,
        timeoutMS=milliseconds,
        serverSelectionTimeoutMS=milliseconds,
        connectTimeoutMS=milliseconds,
        serverMonitoringMode="poll",
    )


@dataclass
class Watchdog:
    """Watches the mongod at `url`. `pid` returns its process id, or None if it is not running.

    It only kills a process that has answered as a primary or secondary, never one that is starting, recovering or
    copying data, which may be silent for good reason. Only silence counts. An error is an answer, and a closed port
    belongs to a mongod that is shutting down.
    """

    url: str
    pid: Callable[[], int | None]
    limit: float = 2.0  # seconds
    dry_run: bool = False
    watched: Process | None = field(default=None, init=False)
    unanswered: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.pace = self.limit / QUESTIONS
        self.client = member(self.url, self.pace)

    def close(self) -> None:
        self._forget()
        self.client.close()

    def watch(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Watches until it is stopped."""
        while not stopped():
            next_look = monotonic() + self.pace
            if self.look():
                next_look += REST
            while monotonic() < next_look and not stopped():
                sleep(0.05)

    def look(self) -> bool:
        """Makes one attempt; returns whether the mongod has now been silent too often. Raises PermissionError if it
        runs as another user."""
        pid = self.pid()
        if self.watched and pid != self.watched.pid:
            self._forget()
        serves = self._serves()
        if serves is None:
            self.unanswered += 1
            return self.unanswered >= QUESTIONS and self._kill()
        self.unanswered = 0
        if not serves:
            self._forget()
        elif pid and not self.watched:
            with suppress(ProcessLookupError):  # it has just ended
                self.watched = Process(pid)
        return False

    def _serves(self) -> bool | None:
        """Returns whether it is a primary or secondary, or None if it is silent."""
        try:
            said = self.client.admin.command("hello")
        except OperationFailure:  # such as ShutdownInProgress
            return False
        except ConnectionFailure:
            return None if self._listens() else False
        return bool(said.get("isWritablePrimary") or said.get("secondary"))

    def _listens(self) -> bool:
        """Returns whether its port is open; the kernel keeps a hung process's port open."""
        [address] = self.client.topology_description.server_descriptions()
        try:
            socket.create_connection(address, self.pace).close()
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
        return True

    def _kill(self) -> bool:
        if self.watched is None:
            return False
        pid, verb = self.watched.pid, "would be killed" if self.dry_run else "was killed"
        try:
            if not self.dry_run:
                self.watched.kill()
        except OSError as error:
            verb = f"could not be killed ({error.strerror})"
        log.error("The mongod with process id %d did not answer for %.1f s and %s.", pid, self.limit, verb)
        self._forget()
        return True

    def _forget(self) -> None:
        if self.watched:
            self.watched.close()
        self.watched, self.unanswered = None, 0


def from_file(path: Path) -> Callable[[], int | None]:
    """Returns a function that reads the process id from a file. The file is read each time: a starting mongod writes
    its id, and one that ends leaves the file empty."""

    def pid() -> int | None:
        with suppress(OSError, ValueError):
            return int(path.read_text())
        return None

    return pid


def arguments() -> Namespace:
    parser = ArgumentParser(
        description="Kills a mongod that has served and no longer answers, so that its replica set"
        " elects another and its supervisor starts it again. Runs until stopped, as the same user as the mongod."
    )
    parser.add_argument("--url", default="mongodb://127.0.0.1:27017/", help="The mongod, %(default)s.")
    process = parser.add_mutually_exclusive_group(required=True)
    process.add_argument("--pid-file", type=Path, help="The file with its process id: mongod.lock in its data folder.")
    process.add_argument("--pid", type=int, help="Its process id; the watchdog is no use once it has ended.")
    parser.add_argument("--seconds", type=float, default=2.0, help="How long it may be silent (default %(default)s).")
    parser.add_argument("--dry-run", action="store_true", help="Only log what would be done.")
    return parser.parse_args()


def main() -> None:
    given, stop = arguments(), threading.Event()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pid = from_file(given.pid_file) if given.pid_file else lambda: given.pid
    watchdog = Watchdog(given.url, pid, given.seconds, given.dry_run)
    try:
        watchdog.watch(stop.is_set)
    except PermissionError:
        sys.exit("The watchdog may not kill this mongod: run both as the same user.")
    finally:
        watchdog.close()


if __name__ == "__main__":
    main()
