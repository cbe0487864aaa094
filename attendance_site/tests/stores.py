"""The stores of a test run. Each starts when a test first uses it, and ends with the run.

All processes of a run share one mongod, in which each has a database of its own, and one folder of static files. The
SQL database is pytest-django's, migrated once in a run.
"""

import os
import shutil
import socket
import socketserver
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands import collectstatic
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from pymongo import MongoClient

from absences.store import mongo, schema
from attendance_site.static_files import Storage
from dev import mongod
from dev.processes import LOOPBACK, held

# Until then: a socket that does not exist, so that no test reaches a MongoDB of the developer's.
NOT_STARTED = "mongodb://%2Fno-test-of-this-process-has-used-mongodb-yet.sock"
PATIENCE = 20.0  # seconds, so that no test fails on a busy machine; tests of deadlines set their own

Url = Callable[[], str]


@contextmanager
def lazy_mongod(folder: Path) -> Iterator[Url]:
    """Yields a function that returns the URL of the run's mongod, and starts it when it is first called.

    One long-lived thread starts and stops it, because the kernel ends a mongod with the thread that started it, and
    tests' threads are short. So there is never a second mongod either.
    """
    with ThreadPoolExecutor(max_workers=1) as thread, ExitStack() as stack:

        @cache
        def start() -> str:
            url = stack.enter_context(mongod.running(folder, lambda line: None))
            with MongoClient[dict[str, Any]](url) as client:
                # It would delete by its own clock, which is not that of the tests.
                client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})
            return url

        try:
            yield lambda: thread.submit(start).result()
        finally:
            thread.submit(stack.close).result()


@contextmanager
def shared(url: Url, port: Path) -> Iterator[None]:
    """Serves the URL to other processes, at the port that the file `port` names. (The path of a Unix socket may be too
    long.)"""

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(url().encode())

    with socketserver.ThreadingTCPServer((LOOPBACK, 0), Answer) as server:
        port.write_text(str(server.server_address[1]))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield
        server.shutdown()


def asked(port: Path) -> str:
    """Returns the URL served at the port that this file names. Raises mongod.Unavailable."""
    with socket.create_connection((LOOPBACK, int(port.read_text()))) as link:
        with link.makefile() as answer:
            url = answer.read()
    if not url:
        raise mongod.Unavailable("No mongod could be started; the process that started the tests printed why.")
    return url


class Documents:
    """This process's database in MongoDB, opened by the product's client or by a test that needs the URL."""

    def __init__(self, name: str, server: Url) -> None:
        self._name = name
        self._server = server
        self._url = NOT_STARTED
        self._lock = threading.RLock()
        self._client: MongoClient[dict[str, Any]] | None = None  # not the product's own, which a test may break
        self._client_of_product = mongo.client
        mongo.client = self._opened  # the product gets its client here

    def _opened(self) -> MongoClient[dict[str, Any]]:
        with self._lock:
            if settings.MONGODB_URL == NOT_STARTED:  # unless a test sets another address
                self.open()
        return self._client_of_product()

    def open(self) -> None:
        with self._lock:
            if not self._client:
                url = self._server()
                with override_settings(MONGODB_URL=url, MONGODB_TIMEOUT=PATIENCE):
                    schema.set_up()
                self._client = MongoClient(url, w="majority", journal=True)
                os.environ["MONGODB_URL"] = self._url = url
            settings.MONGODB_URL = self._url  # each time, because a test's override of settings undoes it

    def empty(self) -> None:
        if not self._client:
            return
        database = self._client[self._name]
        if not database.command("dbStats")["objects"]:  # one command instead of one per collection
            return
        for name in database.list_collection_names():
            if database[name].find_one():
                database[name].delete_many({})

    def close(self) -> None:
        mongo.close()
        if self._client:
            self._client.close()


@contextmanager
def migrated_once(folder: Path) -> Iterator[bool]:
    """Yields whether this process has a copy of an SQLite database that another process of the run migrated. If not, it
    must migrate, which takes seconds, and keeps a copy for the others, which wait meanwhile."""
    if connection.vendor != "sqlite":
        yield False
        return
    kept = folder / "migrated.sqlite3"
    with held(folder / "migrated.lock", patience=120):
        if first := not kept.exists():
            yield False
            with closing(sqlite3.connect(kept)) as copy:
                connection.cursor().connection.backup(copy)
    if not first:
        shutil.copyfile(kept, connection.settings_dict["TEST"]["NAME"])
        yield True


class StaticFiles(Storage):
    """Collects the static files when a process first reads their manifest."""

    def load_manifest(self) -> Any:
        collect()
        return super().load_manifest()


def collect() -> None:
    """Collects the static files, once in a run. Call it before starting a server in a process of its own."""
    root = Path(settings.STATIC_ROOT)
    with held(root.with_name("static.lock"), patience=60):
        if not (root / Storage.manifest_name).exists():
            command = collectstatic.Command()
            command.storage = Storage()
            call_command(command, verbosity=0, interactive=False)
