"""Calls a function at a chosen step of a process, before or after its n-th call to a store; usually to kill it.

A step is what the product really does: an SQL statement, a commit, a MongoDB command. The product does not know that it
is watched.
"""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymongo.monitoring
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

SILENT = frozenset({"hello", "ping", "endSessions", "isMaster", "saslStart", "saslContinue"})


class Fuse(pymongo.monitoring.CommandListener):
    """Burns down with every step; None means never."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.blast: Callable[[str], None] = lambda step: None
        self.watched = False

    def light(self, steps: int | None, blast: Callable[[str], None]) -> None:
        """After this many steps, calls `blast` once with the name of the next step."""
        self.left, self.blast = steps, blast
        if not self.watched:
            connection.execute_wrappers.append(self._statement)
            self.watched = True

    def step(self, name: str) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            self.blast(name)

    def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
        if event.command_name not in SILENT:
            self.step(f"before {event.command_name}")

    def succeeded(self, event: pymongo.monitoring.CommandSucceededEvent) -> None:
        if event.command_name not in SILENT:
            self.step(f"after {event.command_name}")

    def failed(self, event: pymongo.monitoring.CommandFailedEvent) -> None:
        pass

    def _statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        name = _name(sql)
        self.step(f"before {name}")
        result = execute(sql, params, many, context)
        self.step(f"after {name}")
        return result


def _name(sql: str) -> str:
    """Returns a statement's name, such as `INSERT lessons_mark`."""
    table = re.search(r"\b(?:lessons|django)_\w+", sql)
    return f"{sql.split(maxsplit=1)[0]} {table.group() if table else ''}".strip()


FUSE = Fuse()


def death(ashes: Path) -> Callable[[str], None]:
    """Returns a function that ends the process by SIGKILL, without any clean-up, and writes the step to `ashes`."""

    def die(step: str) -> None:
        with ashes.open("a") as file:
            file.write(f"{step}\n")
        os.kill(os.getpid(), signal.SIGKILL)

    return die


def watch() -> None:
    """Watches stores; to be called before any client or connection is made."""
    pymongo.monitoring.register(FUSE)
    really = getattr(BaseDatabaseWrapper, "_commit")  # noqa: B009  (its type is nowhere told)

    def commit(self: BaseDatabaseWrapper) -> None:
        FUSE.step("before COMMIT")
        really(self)
        FUSE.step("after COMMIT")

    setattr(BaseDatabaseWrapper, "_commit", commit)  # noqa: B010
