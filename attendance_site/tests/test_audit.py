"""`.ci/audit.py`: an audit that did not run is never reported as "nothing is vulnerable"."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import settings

from dev.processes import LOOPBACK

pytestmark = pytest.mark.wall_clock

PINS = ("django==5.2.19", "pymongo==4.15.0")
Advise = Callable[[str, str], Any]


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text("".join(f"{pin} --hash=sha256:{'0' * 64}\n" for pin in PINS))
    return path


class Outcome(NamedTuple):
    status: int
    said: str


def audit(lock: Path, advisories: str) -> Outcome:
    command = [sys.executable, str(settings.BASE_DIR / ".ci" / "audit.py"), str(lock), advisories]
    direct = os.environ | {"NO_PROXY": LOOPBACK, "no_proxy": LOOPBACK}
    done = subprocess.run(command, env=direct, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return Outcome(done.returncode, done.stdout)


class Advisories:
    """A server of advisories. `advise` returns the answer for a package's name and version; a number is a status."""

    def __init__(self, advise: Advise) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                said = advise(asked["package"]["name"], asked["version"])
                self.send_response(said if isinstance(said, int) else 200)
                self.end_headers()
                self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.url = f"http://{LOOPBACK}:{self.server.server_port}/v1/query"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def serve() -> Iterator[Callable[[Advise], str]]:
    begun: list[Advisories] = []

    def start(advise: Advise) -> str:
        begun.append(Advisories(advise))
        return begun[-1].url

    yield start
    for each in begun:
        each.server.shutdown()
        each.server.server_close()


def advisory(name: str) -> dict[str, Any]:
    package = {"name": name, "ecosystem": "PyPI"}
    return {"vulns": [{"id": f"PYSEC-{name}", "summary": "Bad", "affected": [{"package": package, "ranges": []}]}]}


def healthy(name: str, version: str) -> Any:
    """Reports nothing for pinned packages, and an advisory for the one that checks whether the server has any."""
    return {} if f"{name}=={version}" in PINS else advisory(name)


def test_everything_was_asked_about(lock: Path, serve: Callable[[Advise], str]) -> None:
    assert audit(lock, serve(healthy)) == (0, "pip-audit: 2 packages were audited, 0 of them are vulnerable.\n")


def test_a_vulnerable_package(lock: Path, serve: Callable[[Advise], str]) -> None:
    found = audit(lock, serve(lambda name, version: advisory(name) if name == "pymongo" else healthy(name, version)))
    assert found.status == 1
    assert "pymongo 4.15.0: PYSEC-pymongo" in found.said and "1 of them are vulnerable" in found.said


def test_nobody_is_there(lock: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as unused:
        port = unused.getsockname()[1]
    found = audit(lock, f"http://{LOOPBACK}:{port}/v1/query")
    assert (found.status, "NOT AUDITED" in found.said, "refused" in found.said) == (0, True, True)
    assert "vulnerable" not in found.said


@pytest.mark.parametrize("said", [404, 403, 503, b"<html>Sign in to this network</html>", {}, [], {"vulns": []}])
def test_somebody_is_there_without_advisories(said: Any, lock: Path, serve: Callable[[Advise], str]) -> None:
    """Such as a proxy that gives everything the same answer."""
    found = audit(lock, serve(lambda name, version: said))
    assert (found.status, "NOT AUDITED" in found.said) == (0, True)
    assert "vulnerable" not in found.said


@pytest.mark.parametrize("said", [404, 500, b"<html>"])
def test_advisories_are_there_and_the_audit_did_not_run(said: Any, lock: Path, serve: Callable[[Advise], str]) -> None:
    found = audit(lock, serve(lambda name, version: said if name == "pymongo" else healthy(name, version)))
    assert (found.status, "FAILED" in found.said) == (1, True)
    assert "vulnerable" not in found.said


@pytest.mark.parametrize("pins", ["", "django\n", "not a requirement\n"])
def test_a_lock_that_cannot_be_audited(pins: str, lock: Path, serve: Callable[[Advise], str]) -> None:
    lock.write_text(pins)
    found = audit(lock, serve(healthy))
    assert (found.status, "FAILED" in found.said) == (1, True)
