"""Installs the rules that the database itself enforces (`rules.py`), on PostgreSQL and SQLite, and reports missing
ones.

Rules are installed after every `migrate` and `flush`, but only those missing or changed. After a `migrate` that failed,
the previous rules are put back. Breaking a rule raises IntegrityError.

`manage.py check --deploy --database default` fails if one is missing: Django's table remake on SQLite silently drops a
table's triggers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage, Error
from django.db import connections, transaction

from lessons.database.rules import rules
from lessons.database.triggers import Installable

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

INSTALLED = {
    "sqlite": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)
          FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
         WHERE contype = 'f' AND pg_table_is_visible(conrelid)
         UNION ALL
        SELECT relname, tgname, prosrc
          FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
         WHERE NOT tgisinternal AND tgenabled <> 'D' AND pg_table_is_visible(tgrelid)
    """,
}


def missing(connection: BaseDatabaseWrapper) -> list[Installable]:
    """Returns the rules that are not installed as declared, for the tables that exist."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    return [item for item, text in _found(connection) if item.table in tables and text != item.text]


def installed(connection: BaseDatabaseWrapper) -> list[Installable]:
    """Returns the installed rules. SQLite's catalogue says how each was made, even if it differs from its declaration;
    PostgreSQL's does not, so there only unchanged rules are returned."""
    found = _found(connection)
    if connection.vendor == "sqlite":
        return [replace(item, text=text, create=text) for item, text in found if text]
    return [item for item, text in found if text == item.text]


def _found(connection: BaseDatabaseWrapper) -> list[tuple[Installable, str | None]]:
    """Returns each declared rule with its text in the catalogue, or None if it is not installed."""
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED[connection.vendor])
        installed = {(table, name): text for table, name, text in cursor.fetchall()}
    wanted = chain.from_iterable(rule.installables(connection.vendor) for rule in rules())
    return [(item, installed.get((item.table, item.name))) for item in wanted]


@contextmanager
def kept(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Puts the previous rules back, on every table that exists, if a `migrate` inside fails."""
    before = installed(connection)
    try:
        yield
    except BaseException:
        put_back(connection, before)
        raise


def put_back(connection: BaseDatabaseWrapper, before: Iterable[Installable]) -> None:
    here = {(item.table, item.name) for item in installed(connection)}
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for item in before:
            if item.table in tables and (item.table, item.name) not in here:
                cursor.execute(item.drop)
                cursor.execute(item.create)


def install(connection: BaseDatabaseWrapper) -> None:
    """Installs what is missing or changed, all or none."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for item in missing(connection):
            cursor.execute(item.drop)
            cursor.execute(item.create)


def lift(connection: BaseDatabaseWrapper) -> None:
    """Removes all rules until the next `install`."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for item in chain.from_iterable(rule.installables(connection.vendor) for rule in rules()):
            if item.table in tables:
                cursor.execute(item.drop)


def before_migrate(*, using: str, plan: list[tuple[Any, bool]], **kwargs: Any) -> None:
    """Prepares a migration. On SQLite, rules are removed: a remade table cannot get its old name back while another
    table's trigger mentions it.

    PostgreSQL alters tables beside the rules, which saves verifying a large table again, except when migrating
    backwards.

    A migration that may refuse the existing data is asked first: in the middle of a plan it would leave half a release.
    """
    for migration, unapplied in plan:
        if not unapplied and hasattr(migration, "may_refuse"):
            migration.may_refuse(connections[using])
    backwards = any(unapplied for _, unapplied in plan)
    if backwards or (plan and connections[using].vendor == "sqlite"):
        lift(connections[using])


def after_migrate(*, using: str, **kwargs: Any) -> None:
    install(connections[using])


def check(*, databases: Iterable[str] | None, **kwargs: Any) -> list[CheckMessage]:
    """Returns an error for each missing rule. Only a deployment check: otherwise `migrate` would run it, and could not
    repair anything."""
    return [
        Error(f"The database lacks the rule {item.name}.", hint="Run manage.py migrate.", id="lessons.E001")
        for alias in databases or ()
        for item in missing(connections[alias])
    ]
