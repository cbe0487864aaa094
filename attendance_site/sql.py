"""A connection that gives up on a PostgreSQL that has gone silent.

A server that is frozen (its machine is suspended, or swaps) or behind a line that swallows everything answers nothing
and closes nothing: `statement_timeout` is its own to enforce, and `tcp_user_timeout` sees a kernel that still
acknowledges. Each request that has asked it something would keep its thread until it is back.
"""

import socket
import struct
from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import READY_NONE

SILENT = 0.5  # seconds of waiting for an answer, after which the server is asked whether it lives, and again

# The first question of every client, whether encryption is on offer: answered by one byte, without a password.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)

Result = TypeVar("Result")


class Connection(psycopg.Connection[Any]):
    """A slow statement is waited for as long as the server lives."""

    # Seconds in which it must say so. A web process has an answer ready and sets less (`wsgi.py`); a migration or a
    # command is not worth cutting because a machine is busy.
    alive_within = 10.0

    def wait(self, gen: PQGen[Result], *args: Any, **options: Any) -> Result:
        return super().wait(self._while_it_lives(gen), *args, **options)

    def _while_it_lives(self, gen: PQGen[Result]) -> Generator[Any, Any, Result]:
        """What `gen` does, which is woken ten times a second. Raises psycopg.OperationalError."""
        ask_at = monotonic() + SILENT
        try:
            wants = next(gen)
            while True:
                ready = yield wants
                if ready != READY_NONE:
                    ask_at = monotonic() + SILENT
                elif monotonic() >= ask_at:
                    if not self._lives():
                        self.pgconn.finish()
                        raise psycopg.OperationalError("The server has gone silent.")
                    ask_at = monotonic() + SILENT
                wants = gen.send(ready)
        except StopIteration as finished:
            return finished.value  # type: ignore[no-any-return]

    def _lives(self) -> bool:
        """Whether the server answers a newcomer."""
        try:
            with self._newcomer() as line:
                line.sendall(SSL_REQUEST)
                return line.recv(1) != b""
        except OSError:
            return False

    def _newcomer(self) -> socket.socket:
        host, port = self.pgconn.hostaddr.decode(), int(self.pgconn.port)
        if host:
            return socket.create_connection((host, port), self.alive_within)
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(self.alive_within)
        line.connect(f"{self.pgconn.host.decode()}/.s.PGSQL.{port}")
        return line
