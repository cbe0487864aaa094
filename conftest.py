"""What pytest needs to know: the tests' environment, their clock, their stores, and what none may leave behind."""

import logging
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from attendance_site.tests import clock, stores

TOKENS = ("TOKEN_KEYS", "TOKEN_KEYS_FILE", "TOKEN_ISSUER")
OURS = ("PRODUCTION", "HTTPS", "SECRET_KEY", *TOKENS, "ALLOWED_HOSTS")

CONTROLLER = "PYTEST_XDIST_WORKER" not in os.environ  # or the only process; workers inherit its environment

if CONTROLLER:  # before anything reads the settings
    for name in OURS:
        os.environ.pop(name, None)
    os.environ["MONGODB_URL"] = stores.NOT_STARTED
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="attendance-tests-")
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = os.environ["VAR_DIR"] + "/hypothesis"
    os.environ["DJANGO_SETTINGS_MODULE"] = "attendance_site.settings"

django.setup()  # the conftests of the apps import models

from absences.reporting import rate_limit, revocations  # noqa: E402
from attendance_site.tests import leaks, leftovers  # noqa: E402

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
FOLDER = Path(os.environ["VAR_DIR"])
PORT = FOLDER / "mongod.port"  # the file with the port at which workers ask the controller for the mongod
MOMENT = os.environ.get("TEST_CLOCK") or clock.DEFAULT
LEAKS = leaks.Leaks()
DOCUMENTS = pytest.StashKey[stores.Documents]()


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
    stack = ExitStack()
    config.add_cleanup(stack.close)
    server = stack.enter_context(_server(config)) if CONTROLLER else partial(stores.asked, PORT)
    config.stash[DOCUMENTS] = stores.Documents(f"test_{WORKER}", server)
    stack.callback(config.stash[DOCUMENTS].close)
    logging.getLogger().addHandler(LEAKS)
    _set(settings)


@contextmanager
def _server(config: pytest.Config) -> Iterator[stores.Url]:
    """The run's mongod, for this process and its workers; afterwards nothing is left of the run."""
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, FOLDER, ignore_errors=True)
        url = stack.enter_context(stores.lazy_mongod(FOLDER / "mongod"))
        if config.getoption("dist", "no") != "no":
            stack.enter_context(stores.shared(url, PORT))
        yield url


def _set(settings: Any) -> None:
    settings.MONGODB_DATABASE = f"test_{WORKER}"
    settings.MONGODB_TIMEOUT = stores.PATIENCE
    for name in ("REQUESTS_A_MINUTE", "REQUESTS_A_MINUTE_OF_SYSTEMS", "REQUESTS_A_MINUTE_UNSIGNED"):
        setattr(settings, name, 10**9)  # tests about limits set their own
    settings.STORAGES["staticfiles"] = {"BACKEND": "attendance_site.tests.stores.StaticFiles"}
    settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["css", "js", "svg", "txt"]  # slow, and no test asks for it
    settings.WHITENOISE_AUTOREFRESH = True  # or each test client reads the folder of static files, which is slow
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 is slow on purpose


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Sweeps instead of flushes, and where it has to flush, no permissions are made anew: nobody asks for them."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        with django_db_blocker.unblock():
            with stores.migrated_once(FOLDER) as request.config.option.reuse_db:
                request.getfixturevalue("django_db_setup")  # pytest-django's
            post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
            sweep = stack.enter_context(leftovers.sweeping())
        if sweep:
            patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: sweep())
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if connection.vendor != "postgresql":
        others = [item for item in items if item.get_closest_marker("postgres")]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]
    # Stable; and pytest-django would put what asks no database last.
    items.sort(key=lambda item: not item.get_closest_marker("longest"))


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
def mongodb(pytestconfig: pytest.Config) -> None:
    """For tests that start a process that uses MongoDB: in the test's own process, it starts by itself."""
    pytestconfig.stash[DOCUMENTS].open()


@pytest.fixture(scope="session")
def static_files() -> None:
    """For tests that start a server: in the test's own process, they are collected when a page first names one."""
    stores.collect()


@pytest.fixture(autouse=True)
def _nobody_in_the_log() -> Iterator[None]:
    """Nor a name, a note or a token, which are those of `attendance_site/tests/leaks.py`."""
    LEAKS.found.clear()
    yield
    assert LEAKS.found == []


@pytest.fixture(autouse=True)
def _no_documents(pytestconfig: pytest.Config) -> Iterator[None]:
    """Leaves none to the next test."""
    yield
    revocations.forget()
    rate_limit.forget()
    pytestconfig.stash[DOCUMENTS].empty()
