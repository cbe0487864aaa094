"""Clearing the database, in milliseconds, after a test with transactions of its own.

Django's flush took as long as many a test: on SQLite it deletes row by row, and all triggers are removed and made
again; PostgreSQL makes a new file for each table.
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
    """Yields a function that restores the database to its present, just migrated state, or None if this role may not
    and the suite must flush. On PostgreSQL it restores rows and triggers, but leaves tables alone that have rows now:
    migrations, content types and permissions."""
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
    installing.install(connection)  # a failed test may have removed a trigger


def _with_rows(tables: Iterable[str]) -> set[str]:
    """Returns the tables that have rows. Bypasses Django's cursors, because a test may record their queries."""
    ask = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    asked = [ask.format(sql.Literal(name), sql.Identifier(name)) for name in tables]
    return {name for (name,) in connection.connection.execute(sql.SQL(" UNION ALL ").join(asked))}
