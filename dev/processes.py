"""Child processes that do not outlive the process that started them, and what starting them safely needs."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from attendance_site.parent_process import end_with

LOOPBACK = "127.0.0.1"


def spawn(command: Sequence[str | Path], output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """A child in a session of its own, so that Ctrl-C and a closed terminal reach its supervisor alone; on Linux the
    kernel kills it when the supervisor is gone. Raises OSError."""
    supervisor = os.getpid()
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output and subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: end_with(supervisor, signal.SIGKILL),
    )


def stop(process: subprocess.Popen[bytes], within: float = 10) -> None:
    """Asks, then kills, and takes along what the child left behind."""
    process.terminate()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError, PermissionError):  # the latter: macOS, about a zombie
        os.killpg(process.pid, signal.SIGKILL)


def until(come: Callable[[], bool], within: float) -> bool:
    """Whether it came true within so many seconds; looks twenty times a second."""
    deadline = time.monotonic() + within
    while not come():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_free(port: int) -> bool:
    """Whether a server may listen there, on either loopback address: `localhost` means both."""
    for family, host in ((socket.AF_INET, LOOPBACK), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(
                    socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
                )  # as servers do: old connections do not count
                probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):  # others: a machine without IPv6
                return False
    return True


@contextmanager
def held(path: Path, patience: float = 3) -> Iterator[None]:
    """An exclusive lock on a file, which the kernel gives back however its holder ends.

    Raises BlockingIOError when another process still holds it after so many seconds: one that was just killed, or asked
    to stop, is on its way out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        if not until(lambda: _locked(file), patience):
            raise BlockingIOError(f"{path} is held by another process")
        yield


def _locked(file: IO[str]) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
