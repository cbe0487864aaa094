"""The stores of a test run start when a test first uses them, and end with the run."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from dev import mongod
from dev.processes import until

pytestmark = pytest.mark.wall_clock

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "plugin", "-p", "no:cacheprovider")

# Records what the run has made in its folder, before the folder is deleted.
PLUGIN = """
import json, os, pathlib, pytest

@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        made = sorted(path.name for path in pathlib.Path(os.environ["VAR_DIR"]).iterdir())
        pathlib.Path("made").write_text(json.dumps(made))
"""

NO_STORE = """
import os, pymongo, pytest

def test_no_store(): ...

def test_no_other_store_than_the_one_of_the_run():
    with pymongo.MongoClient(os.environ["MONGODB_URL"], serverSelectionTimeoutMS=100) as client:
        with pytest.raises(pymongo.errors.ServerSelectionTimeoutError, match="no-test-of-this-process"):
            client.admin.command("ping")
"""

MONGODB = """
import pathlib, threading, time
from absences.store import mongo

def ask(wait):
    server = mongo.client().admin.command("serverStatus")
    with pathlib.Path("asked").open("a") as told:
        told.write(f"{server['pid']} {server['host'].split(':')[1]}\\n")
    assert "statistics" in mongo.sheets().index_information()
    time.sleep(wait)

def test_it_outlives_the_thread_that_asked_first():
    thread = threading.Thread(target=ask, args=[0])
    thread.start()
    thread.join()
    ask(WAIT)
"""

DOCUMENTS = """
import pytest
from absences.store import mongo

@pytest.mark.parametrize("turn", [1, 2])
def test_none_are_left(turn):
    assert mongo.orphans().count_documents({}) == 0
    mongo.orphans().insert_one({})

def test_nor_by_what_had_another_address(settings):
    settings.MONGODB_URL = "mongodb://127.0.0.1:1/"
    mongo.close()
    mongo.client()
    mongo.close()

def test_which_ends_with_the_test():
    mongo.ping()
"""

STATIC_FILES = """
from django.templatetags.static import static

def test_static_files():
    assert static("absences/icon.svg") != "/static/absences/icon.svg"
"""


def started(folder: Path, tests: dict[str, str], *options: str) -> subprocess.Popen[str]:
    """Starts a pytest on these tests, with the project's conftest and settings."""
    (folder / "plugin.py").write_text(PLUGIN)
    for name, text in tests.items():
        (folder / f"test_{name}.py").write_text(text)
    here = settings.BASE_DIR
    given = {name: each for name, each in os.environ.items() if not name.startswith("PYTEST_") and name != "VAR_DIR"}
    return subprocess.Popen(
        [*PYTEST, "-c", here / "pyproject.toml", "--rootdir", here, *options, folder],
        cwd=folder,
        env=given | {"PYTHONPATH": f"{here}:{folder}", "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def made(folder: Path, tests: dict[str, str], *options: str) -> set[str]:
    """Runs these tests, which must pass; returns what the run made in its folder of stores."""
    with started(folder, tests, *options) as run:
        output, _ = run.communicate(timeout=120)
    assert run.returncode == 0, output
    assert not list(folder.glob("attendance-tests-*")), "the folder is gone after the run"
    return set(json.loads((folder / "made").read_text()))


def servers(folder: Path) -> list[str]:
    """Returns a line with process and port for each time that a test asked for the server."""
    return (folder / "asked").read_text().splitlines() if (folder / "asked").exists() else []


def has_ended(server: str) -> bool:
    return not mongod._answers(int(server.split()[1]))


def test_a_test_without_a_store_starts_none(tmp_path: Path) -> None:
    assert made(tmp_path, {"no_store": NO_STORE}).isdisjoint({"mongod", "static", "migrated.lock"})


@pytest.mark.parametrize("options", [[], ["-n", "2", "--dist", "loadfile"]], ids=["alone", "workers"])
def test_what_is_used_starts_once_and_ends_with_the_run(options: list[str], tmp_path: Path) -> None:
    mongodb = MONGODB.replace("WAIT", "0")
    tests = {"one": mongodb, "other": mongodb, "documents": DOCUMENTS, "static_files": STATIC_FILES}
    names = made(tmp_path, tests, *options)
    assert {"mongod", "static"} <= names and "migrated.lock" not in names
    told = servers(tmp_path)
    assert len(told) == 4 and len(set(told)) == 1
    assert has_ended(told[0])


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ends the children of a killed process.")
@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=["alone", "workers"])
def test_a_killed_run_takes_its_mongod_along(options: list[str], tmp_path: Path) -> None:
    with started(tmp_path, {"one": MONGODB.replace("WAIT", "60")}, *options) as run:
        assert until(lambda: len(servers(tmp_path)) == 2, 60)
        assert not has_ended(servers(tmp_path)[0])
        run.send_signal(signal.SIGKILL)
    assert until(lambda: has_ended(servers(tmp_path)[0]), 10)
