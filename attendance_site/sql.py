"""A PostgreSQL connection that gives up when the server goes silent.

A server that is frozen (its machine is suspended or swapping), or behind a network that drops everything, neither
answers nor closes. `statement_timeout` is enforced by the server itself, and `tcp_user_timeout` sees a kernel that
still acknowledges. Without this class, each request that had sent a query would keep its thread until the server came
back.
"""

import socket
import struct
from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import READY_NONE

SILENT = 0.5  # seconds to wait for an answer before each check that the server is alive

# The first message of every client: does the server offer encryption? It answers one byte and needs no password.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)

Result = TypeVar("Result")


class Connection(psycopg.Connection[Any]):
    """A connection that waits for a slow statement only while the server is alive."""

    # Seconds that the server has for the check. Web processes can answer 503 instead, and set less (`wsgi.py`); a
    # migration or a command should not be cut off because a machine is busy.
    alive_within = 10.0

    def wait(self, gen: PQGen[Result], *args: Any, **options: Any) -> Result:
        return super().wait(self._while_it_lives(gen), *args, **options)

    def _while_it_lives(self, gen: PQGen[Result]) -> Generator[Any, Any, Result]:
        """Runs `gen`, which is woken ten times a second, and returns its result. Raises psycopg.OperationalError."""
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
        """Returns whether the server answers a new connection."""
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
