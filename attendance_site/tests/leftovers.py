"""What a test with transactions of its own leaves in the database goes in a few milliseconds.

Django's flush took as long as many a test: on SQLite it deletes row by row, with all triggers taken away and made anew;
PostgreSQL makes each table a new file.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial

from django.db import connection, transaction
from psycopg import sql

from lessons.database import installing

Sweep = Callable[[], None]


@contextmanager
def sweeping() -> Iterator[Sweep | None]:
    """How to take away what is not there now, just migrated; None where this role may not, and has to flush. On
    PostgreSQL rows and rules: tables that have rows now are left as they are, which are those of migrations, content
    types and permissions."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(":memory:")) as migrated:
            connection.cursor().connection.backup(migrated)
            yield lambda: migrated.backup(connection.cursor().connection)
    else:
        tables = connection.introspection.table_names()
        yield partial(_empty, set(tables) - _with_rows(tables)) if _may_pass_over_triggers() else None


def _may_pass_over_triggers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def _empty(tables: Iterable[str]) -> None:
    with transaction.atomic():
        connection.connection.execute("SET LOCAL session_replication_role = replica")
        for name in _with_rows(tables):
            connection.connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
    installing.install(connection)  # where a test took one away, and failed before it gave it back


def _with_rows(tables: Iterable[str]) -> set[str]:
    """Past Django's cursors, to which a test may listen."""
    ask = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    asked = [ask.format(sql.Literal(name), sql.Identifier(name)) for name in tables]
    return {name for (name,) in connection.connection.execute(sql.SQL(" UNION ALL ").join(asked))}
