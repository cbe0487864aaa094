"""The connection that notices when the server goes silent."""

import threading
from collections.abc import Iterator
from time import monotonic

import psycopg
import pytest
from django.db import connection

from attendance_site import sql
from attendance_site.tests.line import Line
from dev.processes import LOOPBACK

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def far(line: Line) -> Iterator[sql.Connection]:
    """Yields a connection through the line."""
    database = connection.settings_dict
    who = {"user": database["USER"], "password": database["PASSWORD"], "dbname": database["NAME"]}
    with sql.Connection.connect(host=LOOPBACK, port=line.port, autocommit=True, **who) as found:
        yield found


def test_a_silent_server_is_given_up(far: sql.Connection, line: Line) -> None:
    far.alive_within = 0.35  # as in web processes
    line.hold()
    began = monotonic()
    with pytest.raises(psycopg.OperationalError, match="gone silent"):
        far.execute("SELECT 1")
    assert 0.5 <= monotonic() - began < 2
    assert far.closed


def test_a_slow_statement_is_waited_for(far: sql.Connection) -> None:
    row = far.execute("SELECT pg_sleep(1.3), 7").fetchone()
    assert row and row[1] == 7


def test_a_short_silence_is_forgiven(far: sql.Connection, line: Line) -> None:
    line.hold()
    mending = threading.Timer(0.3, line.mend)
    mending.start()
    assert far.execute("SELECT 7").fetchone() == (7,)
    mending.join()


def test_it_asks_at_the_socket_where_there_is_one(far: sql.Connection) -> None:
    found = far.execute("SHOW unix_socket_directories").fetchone()
    assert found
    host, info = found[0].split(",")[0], connection.settings_dict
    with sql.Connection.connect(host=host, port=info["PORT"], user=info["USER"], dbname=info["NAME"]) as near:
        assert near._lives()


def test_django_connects_with_it() -> None:
    connection.ensure_connection()
    assert isinstance(connection.connection, sql.Connection)
