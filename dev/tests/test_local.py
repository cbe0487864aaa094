"""`make run`: what it refuses, what it starts, and that nothing survives it."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from dev.processes import LOOPBACK, until

pytestmark = [pytest.mark.wall_clock, pytest.mark.longest]

TOLD_ELSEWHERE = (signal.SIGTERM, signal.SIGHUP)
COMMAND = [sys.executable, "-m", "dev.local"]


def environment(folder: Path, port: int = 0) -> dict[str, str]:
    """Returns an environment in which nothing else is set."""
    return {"PATH": os.environ["PATH"], "VAR_DIR": str(folder), "PORT": str(port or free_port())}


def hear_signals() -> None:
    """Restores signals in a child: under `nohup`, or in the background of a script, it would ignore them."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def refused(folder: Path, *arguments: str, settings: dict[str, str] | None = None) -> str:
    """Returns the message of a start that must fail."""
    environ = environment(folder) | (settings or {})
    done = subprocess.run([*COMMAND, *arguments], env=environ, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (1, "")
    return done.stdout


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


def left_of(folder: Path) -> list[str]:
    """Returns the living processes that were started with this data folder."""
    mark, found = f"VAR_DIR={folder}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # it has just ended
            continue
    return found


class Running:
    """The product in processes of its own; `said` is its output up to the moment when it was ready."""

    def __init__(self, folder: Path, process: subprocess.Popen[str], port: int) -> None:
        self.folder, self.process, self.port = folder, process, port
        self.said = ""
        assert process.stdout
        for line in process.stdout:
            self.said += line
            if "outsider" in line:
                break

    def part(self, name: str) -> int:
        """Returns a part's process id."""
        if name == "supervisor":
            return self.process.pid
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        [pid] = [int(pid) for pid in children if name in Path(f"/proc/{pid}/cmdline").read_text()]
        return pid

    def ended(self) -> tuple[int, str, list[str]]:
        """Returns the exit status, the last output (parts may log too), and the processes left over."""
        lines = self.process.communicate(timeout=15)[0].splitlines()
        until(lambda: not left_of(self.folder), 2)
        said = "".join(line for line in lines if line.startswith(("Stopping.", "attendance: ")))
        return self.process.returncode, said, left_of(self.folder)

    def ask(self, path: str, token: str = "", **fields: Any) -> Any:
        body = json.dumps(fields).encode() if fields else None
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        with urlopen(Request(f"http://localhost:{self.port}{path}", body, headers), timeout=5) as answer:
            return json.load(answer)


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    port = free_port()
    said: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    environ = environment(folder, port)
    with subprocess.Popen(COMMAND, env=environ, preexec_fn=hear_signals, **said) as process:
        try:
            yield Running(folder, process, port)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns one data folder for all tests, because the demo is loaded at the first start only."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def products(folder: Path) -> Iterator[Iterator[Running]]:
    """Yields running products. The next is the same one while it runs, because a start takes seconds."""

    def started() -> Generator[Running]:
        while True:
            with running(folder) as product:
                while product.process.poll() is None:
                    yield product

    with closing(started()) as products:
        yield products


@pytest.fixture
def product(products: Iterator[Running]) -> Running:
    return next(products)


def test_it_serves_on_real_stores(product: Running) -> None:
    assert product.ask("/readyz") == {"status": "ok", "sql": "ok", "migrations": "ok", "mongodb": "ok"}


def test_it_says_where_and_for_whom(product: Running) -> None:
    assert f"http://localhost:{product.port}/" in product.said
    assert all(word in product.said for word in ("attendance-demo", "teacher", "office", "admin", "integrator"))


def test_a_folder_in_use_is_neither_served_twice_nor_reset(product: Running) -> None:
    assert "Another `make run` uses" in refused(product.folder)
    assert "Another `make run` uses" in refused(product.folder, "reset")
    assert (product.folder / "attendance.sqlite3").exists()


def test_it_keeps_what_was_entered(product: Running, products: Iterator[Running]) -> None:
    def token() -> str:
        return str(product.ask("/api/v1/token", username="teacher", password="attendance-demo")["access"])

    lesson = product.ask("/api/v1/lessons?date=today&state=due&teacher=me", token())["results"][0]["id"]
    detail = product.ask(f"/api/v1/lessons/{lesson}", token())
    absence = {"student_id": detail["roster"][0]["student_id"], "code": "N"}
    product.ask(f"/api/v1/lessons/{lesson}/absences", detail["ticket"], absences=[absence])
    product.process.terminate()
    assert product.ended() == (0, "Stopping.", [])
    product = next(products)
    kept = product.ask(f"/api/v1/lessons/{lesson}/absences", detail["ticket"])
    assert [mark["student_id"] for mark in kept["absences"]] == [absence["student_id"]]


def test_after_a_kill_the_next_start_works(product: Running, products: Iterator[Running]) -> None:
    os.kill(product.part("supervisor"), signal.SIGKILL)
    product.process.wait()
    assert next(products).ask("/readyz")["status"] == "ok"


# SIGTERM is sent above, and the terminal sends SIGHUP below.
@pytest.mark.parametrize("number", [signal.SIGINT, *(pytest.param(n, marks=pytest.mark.slow) for n in TOLD_ELSEWHERE)])
def test_a_signal_stops_everything(product: Running, number: signal.Signals) -> None:
    product.process.send_signal(number)
    assert product.ended() == (0, "Stopping.", [])


def test_a_closed_terminal_stops_everything(folder: Path) -> None:
    pid, terminal = pty.fork()
    if not pid:
        hear_signals()
        os.execve(COMMAND[0], COMMAND, environment(folder))
    with os.fdopen(terminal, "rb", 0) as lines:
        while b"outsider" not in lines.readline():
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert not left_of(folder)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("gunicorn", "attendance: The web server ended (-9), so everything is stopped."),
        ("reconcile", "attendance: The reconciler ended (-9), so everything is stopped."),
        ("mongod", "attendance: MongoDB ended (-9), so everything is stopped."),
    ],
)
def test_a_killed_part_stops_everything(product: Running, part: str, words: str) -> None:
    os.kill(product.part(part), signal.SIGKILL)
    assert product.ended() == (1, words, [])


def test_a_killed_supervisor_takes_everything_along(product: Running) -> None:
    os.kill(product.part("supervisor"), signal.SIGKILL)
    assert product.ended() == (-9, "", [])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PORT": "eighty"}, "PORT cannot be read"),
        ({"PORT": "99999"}, "PORT must be from 1 to 65535"),
        ({"WEB_WORKERS": "many"}, "WEB_WORKERS cannot be read"),
        ({"PRODUCTION": "ture"}, "PRODUCTION cannot be read: 'ture' is neither true nor false"),
        ({"PRODUCTION": "true"}, "PRODUCTION is set"),
        ({"VAR_DIR": "/proc/none"}, "/proc/none cannot be used"),
        ({"MONGOD": "/nowhere/mongod"}, "/nowhere/mongod cannot run"),
        ({"MONGODB_URL": "mongodb://127.0.0.1:1/"}, "Connection refused"),
        ({"MONGODB_URL": "http://127.0.0.1/"}, "begin with 'mongodb://'"),
        ({"MONGODB_URL": "mongodb://127.0.0.1:1/", "DATABASE_URL": "postgres://a@127.0.0.1:1/a"}, "DATABASE_URL"),
        ({"MONGODB_URL": "mongodb://127.0.0.1:1/", "LOG_LEVEL": "loud"}, "LOG_LEVEL"),
    ],
)
def test_what_is_set_wrong_is_one_clear_line(settings: dict[str, str], words: str, tmp_path: Path) -> None:
    said = refused(tmp_path, settings=settings)
    assert said.startswith("attendance: ")
    assert said.count("\n") == 1
    assert words in said


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Port {port} is taken" in refused(tmp_path, settings={"PORT": port})


def test_a_reset_deletes_the_embedded_stores_only(folder: Path, tmp_path: Path) -> None:
    for name in ("attendance.sqlite3", "attendance.sqlite3-wal", "secret-key", "mongod/data/WiredTiger"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run([*COMMAND, "reset"], env=environment(tmp_path), check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "secret-key"]


def test_a_reset_refuses_when_the_stores_are_elsewhere(tmp_path: Path) -> None:
    assert "DATABASE_URL is set" in refused(tmp_path, "reset", settings={"DATABASE_URL": "postgres://a@127.0.0.1:1/a"})
