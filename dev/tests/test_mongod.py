"""The local mongod: what a start finds, and what a stop or a kill leaves."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from dev import mongod
from dev.processes import LOOPBACK, is_free, until

pytestmark = [pytest.mark.wall_clock, pytest.mark.longest]

Kept = tuple[Path, str]
Supervisor = subprocess.Popen[str]

# In the background of a script it would ignore SIGINT.
SUPERVISOR = """
import signal, sys
from pathlib import Path
from dev import mongod
signal.signal(signal.SIGINT, signal.default_int_handler)
with mongod.running(Path(sys.argv[1]), lambda line: None) as url:
    print(url, flush=True)
    signal.pause()
"""


def quiet(line: str) -> None: ...


@contextmanager
def notes(url: str) -> Iterator[Collection[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](url, w="majority", journal=True, timeoutMS=5000) as client:
        yield client["try"]["notes"]


def noted(url: str) -> int:
    with notes(url) as collection:
        return collection.count_documents({})


def port(url: str) -> int:
    return int(url.split(":")[2].split("/")[0])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Returns a folder whose mongod stored one note and was stopped, with its URL at the time."""
    folder = tmp_path_factory.mktemp("kept")
    with mongod.running(folder, quiet) as url, notes(url) as collection:
        collection.insert_one({"_id": 1})
    return folder, url


@pytest.fixture
def supervised(kept: Kept) -> Iterator[Supervisor]:
    """Yields another process that runs the mongod of that folder."""
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(kept[0])], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline().startswith("mongodb://")
        yield process
        process.kill()


def test_a_new_store_takes_sessions_and_majority_writes(tmp_path: Path) -> None:
    with mongod.running(tmp_path, quiet) as url, MongoClient[dict[str, Any]](url) as client:
        with client.start_session() as session, session.start_transaction():
            client["try"]["notes"].insert_one({"_id": 1}, session=session)


def test_the_url_stands_in_a_file_while_it_runs(kept: Kept) -> None:
    folder, _ = kept
    with mongod.running(folder, quiet) as url:
        assert (folder / "url").read_text().strip() == url
    assert not (folder / "url").exists()


def test_the_next_start_has_the_data_and_the_address(kept: Kept) -> None:
    folder, before = kept
    with mongod.running(folder, quiet) as url:
        assert (url, noted(url)) == (before, 1)


def test_it_is_gone_after_a_stop(kept: Kept) -> None:
    with mongod.running(kept[0], quiet) as url:
        assert not is_free(port(url))
    assert is_free(port(url))


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Occupies a port with a server that hangs up on everybody. Old connections to the mongod that was there do not
    count."""

    def hang_up() -> None:
        with suppress(OSError):
            while True:
                server.accept()[0].close()

    with socket.create_server((LOOPBACK, port)) as server:
        threading.Thread(target=hang_up, daemon=True).start()
        yield
        server.shutdown(socket.SHUT_RDWR)


def test_a_taken_port_moves_the_replica_set(kept: Kept) -> None:
    folder, before = kept
    with taken(port(before)):
        with mongod.running(folder, quiet) as url:
            assert url != before
            assert noted(url) == 1
    (folder / "port").write_text(str(port(before)))


def test_a_second_start_on_the_same_folder_is_refused(supervised: object, kept: Kept) -> None:
    with pytest.raises(mongod.Unavailable, match="Another process is running"), mongod.running(kept[0], quiet):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ends the children of a killed process.")
def test_a_killed_supervisor_takes_its_mongod_along(supervised: Supervisor, kept: Kept) -> None:
    url = (kept[0] / "url").read_text()
    supervised.kill()
    assert until(lambda: is_free(port(url)), 5)


def test_after_a_killed_supervisor_the_next_start_works(supervised: Supervisor, kept: Kept) -> None:
    supervised.kill()
    with mongod.running(kept[0], quiet) as url:
        assert noted(url) == 1


def test_a_leftover_mongod_is_ended(kept: Kept) -> None:
    folder, url = kept
    leftover = mongod._start(mongod.binary(), port(url), folder / "data", folder / "leftover.log")
    assert until(lambda: mongod._answers(port(url)), 30)
    with mongod.running(folder, quiet) as now:
        assert leftover.wait(1) == 0
        assert noted(now) == 1


def test_a_closed_terminal_reaches_the_supervisor_only(supervised: Supervisor, kept: Kept) -> None:
    url = (kept[0] / "url").read_text()
    [child] = Path(f"/proc/{supervised.pid}/task/{supervised.pid}/children").read_text().split()
    assert os.getsid(int(child)) != os.getsid(supervised.pid)
    supervised.send_signal(signal.SIGINT)
    assert until(lambda: is_free(port(url)), 10)


def test_its_end_of_life_is_said_once(kept: Kept) -> None:
    said: list[str] = []
    with mongod.running(kept[0], said.append) as url, MongoClient[dict[str, Any]](url) as client:
        old = int(client.server_info()["version"].split(".")[0]) < 7
    assert ["end of life" in line for line in said] == [True] * old


@pytest.mark.parametrize(
    ("binary", "reason"),
    [
        (None, "No such file"),
        (
            "#!/bin/sh\necho 'mongod: error while loading shared libraries: libcrypto.so.3' >&2; exit 127",
            "libcrypto.so.3",
        ),
        ("not a program", "Exec format error"),
    ],
)
def test_what_cannot_run_is_refused_with_the_ways_to_provide_one(
    binary: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mongod"
    monkeypatch.setenv("MONGOD", str(path))
    if binary:
        path.write_text(binary)
        path.chmod(0o755)
    with pytest.raises(mongod.Unavailable, match=f"(?s){reason}.*MONGODB_URL.*MONGOD .*PATH"):
        with mongod.running(tmp_path / "folder", quiet):
            pass


def test_none_at_all_is_refused_with_the_ways_to_provide_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MONGOD", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mongod, "find_spec", lambda name: None)
    with pytest.raises(mongod.Unavailable, match=r"No mongod was found.*three ways"):
        with mongod.running(tmp_path, quiet):
            pass
