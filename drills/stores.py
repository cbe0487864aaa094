"""A drill's stores, on loopback: mongods as one replica set, and a PostgreSQL; killed and restarted at will."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from dev import mongod
from dev.processes import LOOPBACK, spawn, until

REPLICA_SET = "drill"
ELECTION = {"electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500}  # as in production (`docker-compose.yml`)


@contextmanager
def workplace() -> Iterator[Path]:
    """Yields an empty folder that is deleted with the drill. PostgreSQL, which runs as another user, may enter it."""
    folder = Path(tempfile.mkdtemp(prefix="attendance-drill-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A process that a drill kills, hangs and restarts."""

    command: Sequence[str | Path]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = spawn(self.command, output=output)

    def kill(self) -> None:
        """Sends SIGKILL and waits until it has ended."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def wait(self, within: float) -> None:
        """Waits until it has ended. Raises subprocess.TimeoutExpired."""
        if self.process:
            self.process.wait(within)

    def hang(self) -> None:
        self.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)


@dataclass
class ReplicaSet:
    """One or three mongods. `url` names them all."""

    folder: Path
    ports: list[int]
    members: list[Server] = field(default_factory=list)

    @property
    def url(self) -> str:
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in self.ports)
        return f"mongodb://{hosts}/?replicaSet={REPLICA_SET}"

    def data(self, index: int) -> Path:
        return self.folder / f"mongod-{index}"

    def client(self, index: int) -> MongoClient[dict[str, Any]]:
        """Returns a client of one member alone."""
        port = self.ports[index]
        return MongoClient(LOOPBACK, port, directConnection=True, timeoutMS=2000, serverSelectionTimeoutMS=2000)

    def primary(self) -> int | None:
        """Returns the index of the current primary."""
        for index in range(len(self.ports)):
            with suppress(PyMongoError), self.client(index) as client:
                if client.admin.command("hello")["isWritablePrimary"]:
                    return index
        return None

    def serves(self, index: int) -> bool:
        """Returns whether the member is a primary or secondary now."""
        with suppress(PyMongoError), self.client(index) as client:
            hello = client.admin.command("hello")
            return bool(hello["isWritablePrimary"] or hello["secondary"])
        return False

    def lead(self, within: float = 60) -> int:
        """Waits for a primary and returns its index."""
        assert until(lambda: self.primary() is not None, within), f"no primary; see the logs in {self.folder}"
        primary = self.primary()
        assert primary is not None
        return primary

    def initiate(self) -> None:
        members = [{"_id": index, "host": f"{LOOPBACK}:{port}"} for index, port in enumerate(self.ports)]
        config = {"_id": REPLICA_SET, "members": members, "settings": ELECTION}
        for index in range(len(self.ports)):
            assert until(lambda index=index: self._answers(index), 60), "a mongod does not answer"  # type: ignore[misc]
        with self.client(0) as client:
            client.admin.command("replSetInitiate", config)
        self.lead()

    def _answers(self, index: int) -> bool:
        with suppress(PyMongoError), self.client(index) as client:
            client.admin.command("ping")
            return True
        return False


@contextmanager
def replica_set(folder: Path, nodes: int) -> Iterator[ReplicaSet]:
    found = ReplicaSet(folder, [free_port() for _ in range(nodes)])
    with ExitStack() as stack:
        for index, port in enumerate(found.ports):
            data = found.data(index)
            data.mkdir(parents=True)
            options = {
                "--replSet": REPLICA_SET,
                "--bind_ip": LOOPBACK,
                "--port": str(port),
                "--dbpath": str(data),
                "--networkMessageCompressors": "disabled",
                "--wiredTigerCacheSizeGB": "0.25",
                "--oplogSize": "512",
                "--setParameter": "diagnosticDataCollectionEnabled=false",
            }
            arguments = [word for option in options.items() for word in option]
            server = Server([mongod.binary(), "--nounixsocket", *arguments], folder / f"mongod-{index}.log")
            server.start()
            stack.callback(server.kill)  # terminated politely, each would wait for the others
            found.members.append(server)
        found.initiate()
        yield found


@dataclass
class Postgres:
    """A PostgreSQL with one database, at `url`. `kill` stops it at once, as a power cut would."""

    folder: Path
    port: int
    bin: Path

    @property
    def url(self) -> str:
        return f"postgres://attendance@{LOOPBACK}:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses={LOOPBACK}"
        self._control("start", "--silent", "--wait", "-l", str(self.folder / "log"), "-o", options)

    def kill(self) -> None:
        self._control("stop", "--silent", "--mode", "immediate")

    def pids(self) -> list[int]:
        """Returns the process ids of the postmaster and of every process that it started."""
        postmaster = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        return [postmaster, *map(int, children)]

    def hang(self) -> None:
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def _control(self, *words: str) -> None:
        self.run("pg_ctl", *words, "-D", str(self.folder / "data"))

    def run(self, program: str, *words: str) -> None:
        """Runs a program as another user if necessary, because PostgreSQL refuses to run as root."""
        as_whom = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*as_whom, self.bin / program, *words], check=True, cwd="/", stdout=subprocess.DEVNULL)


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Yields a running PostgreSQL. Raises FileNotFoundError if its programs are not installed."""
    found = Postgres(folder, free_port(), _postgres_bin())
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    found.run("initdb", "-D", str(folder / "data"), "-U", "attendance", "--auth", "trust", "-E", "UTF8")
    found.start()
    try:
        yield found
    finally:
        with suppress(OSError):
            found.go_on()
        with suppress(subprocess.CalledProcessError):
            found.kill()


def _postgres_bin() -> Path:
    if program := shutil.which("initdb"):
        return Path(program).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
    if not found:
        raise FileNotFoundError("PostgreSQL is needed (on Debian: apt-get install postgresql).")
    return found[-1]
