"""Child processes that never outlive their parent, and what it takes to start them safely."""

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
    """Starts a child in a session of its own, so that Ctrl-C and a closed terminal reach only its supervisor. On Linux
    the kernel kills it when the supervisor is gone. Raises OSError."""
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
    """Terminates the process, then kills it, together with anything that it left behind."""
    process.terminate()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError, PermissionError):  # the latter: macOS, for a zombie
        os.killpg(process.pid, signal.SIGKILL)


def until(come: Callable[[], bool], within: float) -> bool:
    """Waits for a condition, checked twenty times a second; returns whether it became true in time."""
    deadline = time.monotonic() + within
    while not come():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_free(port: int) -> bool:
    """Returns whether a server may listen on this port, on both loopback addresses: `localhost` means both."""
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
    """Holds an exclusive lock on a file; the kernel releases it however the holder ends.

    Raises BlockingIOError if another process still holds it after `patience` seconds: a process that was just stopped
    may need a moment to end.
    """
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
