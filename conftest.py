"""The stores of a test run: a mongod of its own, and everything else in an empty folder that ends with the run."""

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import post_migrate
from django.test import TransactionTestCase
from pymongo import MongoClient
from pytest_django import DjangoDbBlocker

from absences.reporting import rate_limit, revocations
from absences.store import mongo, schema
from dev import mongod

TOKENS = ("TOKEN_KEYS", "TOKEN_KEYS_FILE", "TOKEN_ISSUER")
OURS = ("PRODUCTION", "HTTPS", "SECRET_KEY", *TOKENS, "ALLOWED_HOSTS", "MONGODB_URL")

CONTROLLER = "PYTEST_XDIST_WORKER" not in os.environ  # or the only process; workers inherit its environment

if CONTROLLER:  # before anything reads the settings
    for name in OURS:
        os.environ.pop(name, None)
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="attendance-tests-")
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = os.environ["VAR_DIR"] + "/hypothesis"
    os.environ["DJANGO_SETTINGS_MODULE"] = "attendance_site.settings"

django.setup()  # the conftests of the apps import models

from attendance_site import logs  # noqa: E402
from attendance_site.tests import clock, leftovers  # noqa: E402
from lessons.factories import FAMILY  # noqa: E402

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
FOLDER = Path(os.environ["VAR_DIR"])
MOMENT = os.environ.get("TEST_CLOCK") or clock.DEFAULT

# Begin first, so that nobody waits for them; pytest-django would put what asks no database last.
LONGEST = ("drills/tests/test_completion.py", "dev/tests/test_local.py", "attendance_site/tests/doors/")


class Leaks(logging.Handler):
    """Listens to everything that is logged, as production would write it."""

    def __init__(self) -> None:
        super().__init__()
        demo = json.loads((Path(__file__).parent / "fixtures" / "demo.json").read_text())
        names = {row["fields"].get("legal_name") or row["fields"].get("name") for row in demo if row["model"] in PEOPLE}
        said = "|".join(re.escape(each) for each in [*sorted(names - {None}), FAMILY, *SAID])
        self.personal = re.compile(rf"{said}|eyJ[A-Za-z0-9_-]{{10}}")
        self.found: list[str] = []
        self.setFormatter(logs.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.found += self.personal.findall(self.format(record))


PEOPLE = ("lessons.student", "lessons.user")
SAID = ("overslept", "hospital", "Mother rang", "Seen in the library", "correct horse battery")
LEAKS = Leaks()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a third of its time, a worker waits for its stores."""
    return (os.cpu_count() or 1) + 1


def pytest_report_header() -> str:
    return f"clock: {MOMENT} ({clock.MOMENTS[MOMENT] or 'not frozen'})"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """A module of tests that reads the clock when it is imported reads the same one as its tests."""
    with clock.at(MOMENT):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Around the fixtures too."""
    with clock.at(clock.WALL_CLOCK if item.get_closest_marker("wall_clock") else MOMENT):
        return (yield)


def pytest_configure(config: pytest.Config) -> None:
    if MOMENT not in clock.MOMENTS:
        raise pytest.UsageError(f"TEST_CLOCK is one of {', '.join(clock.MOMENTS)}.")
    if CONTROLLER:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        stack.callback(shutil.rmtree, FOLDER, ignore_errors=True)
        os.environ["MONGODB_URL"] = stack.enter_context(mongod.running(FOLDER / "mongod", lambda line: None))
        with MongoClient[dict[str, Any]](os.environ["MONGODB_URL"]) as client:
            # It deletes by its own clock, which is not the tests'.
            client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})
        settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["css", "js", "svg", "txt"]  # slow, and no test asks for it
        call_command("collectstatic", verbosity=0, interactive=False)
    logging.getLogger().addHandler(LEAKS)
    settings.MONGODB_URL = os.environ["MONGODB_URL"]
    settings.MONGODB_DATABASE = f"test_{WORKER}"
    settings.MONGODB_TIMEOUT = 20.0  # a busy machine makes no test fail; those about deadlines set their own
    for name in ("REQUESTS_A_MINUTE", "REQUESTS_A_MINUTE_OF_SYSTEMS", "REQUESTS_A_MINUTE_UNSIGNED"):
        setattr(settings, name, 10**9)  # tests about limits set their own
    settings.WHITENOISE_AUTOREFRESH = True  # or each test client reads the folder of static files, which is slow
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 is slow on purpose


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Sweeps instead of flushes, and where it has to flush, no permissions are made anew: nobody asks for them."""
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        with django_db_blocker.unblock():
            sweep = stack.enter_context(leftovers.sweeping())
        if sweep:
            patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: sweep())
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if connection.vendor != "postgresql":
        others = [item for item in items if item.get_closest_marker("postgres")]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))  # stable


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, what was skipped counts as failed: nobody would notice otherwise."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line("\nA skipped test fails CI.", red=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """A file for SQLite: in memory, threads that write at once fail with "table is locked"."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(FOLDER / f"test-{WORKER}.sqlite3")
        # What a run writes is thrown away: no test waits for the disk.
        connection.settings_dict["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session")
def _mongo() -> Iterator[MongoClient[dict[str, Any]]]:
    """The server of the run, apart from the product's own client, which a test may break."""
    schema.set_up()
    with MongoClient[dict[str, Any]](os.environ["MONGODB_URL"], w="majority", journal=True) as client:
        yield client
    mongo.close()


@pytest.fixture(autouse=True)
def _nobody_in_the_log() -> Iterator[None]:
    """No test lets a name, a note or a token into the log: those of the demo, those of the factories, and whatever is
    said of somebody in tests."""
    LEAKS.found.clear()
    yield
    assert LEAKS.found == []


@pytest.fixture(autouse=True)
def _no_documents(_mongo: MongoClient[dict[str, Any]]) -> Iterator[None]:
    """Leaves none to the next test."""
    yield
    revocations.forget()
    rate_limit.forget()
    database = _mongo[f"test_{WORKER}"]
    if not database.command("dbStats")["objects"]:  # one question instead of one for each collection
        return
    for name in database.list_collection_names():
        if database[name].find_one():
            database[name].delete_many({})
