"""The kinds of rules that a database can enforce beyond what Django can declare, in each vendor's SQL.

`SameSchool` keeps a foreign key within its school, a `Refusal` is a trigger that refuses a write, an `Addition` adds a
row elsewhere, and a `Removal` deletes rows elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, cast

from django.db import models


@dataclass(frozen=True)
class Installable:
    """One constraint or trigger. `text` is its text in the catalogue, so that changes are noticed."""

    table: str
    name: str
    text: str
    create: str
    drop: str


class Rule(Protocol):
    def installables(self, vendor: str) -> Iterable[Installable]: ...


@dataclass(frozen=True)
class Refusal:
    """A trigger that refuses to write a row.

    `event` is INSERT, DELETE, UPDATE or UPDATE OF columns; `when` is a condition on OLD and NEW in SQL that both
    vendors understand (or one for each); `message` has neither quotes nor percent signs.
    """

    model: type[models.Model]
    name: str
    event: str
    when: str | dict[str, str]
    message: str

    def installables(self, vendor: str) -> Iterator[Installable]:
        table = self.model._meta.db_table
        name = f"{table}_{self.name}"
        when = self.when if isinstance(self.when, str) else self.when[vendor]
        trigger = f"TRIGGER {name} BEFORE {self.event} ON {table}"
        if vendor == "sqlite":
            text = f"CREATE {trigger} WHEN {when} BEGIN SELECT RAISE(ABORT, '{self.message}'); END"
            yield Installable(table, name, text, create=text, drop=f"DROP TRIGGER IF EXISTS {name}")
            return
        refuse = f"RAISE EXCEPTION '{self.message}' USING ERRCODE = 'restrict_violation';"
        body = f"IF {when} THEN {refuse} END IF; RETURN {'OLD' if self.event == 'DELETE' else 'NEW'};"
        yield _function_trigger(table, name, f"{trigger} FOR EACH ROW", body)


@dataclass(frozen=True)
class Addition:
    """A trigger that adds a row to another table after a write: `values` is SQL on OLD and NEW, by column."""

    model: type[models.Model]
    name: str
    event: str
    when: str
    target: type[models.Model]
    values: dict[str, str]

    def installables(self, vendor: str) -> Iterator[Installable]:
        columns, values = ", ".join(self.values), ", ".join(self.values.values())
        insert = f"INSERT INTO {self.target._meta.db_table} ({columns}) VALUES ({values});"  # noqa: S608
        yield _afterwards(self.model, self.name, self.event, self.when, insert, vendor)


@dataclass(frozen=True)
class Removal:
    """A trigger that deletes rows of another table after a write: `of` is SQL on OLD and NEW."""

    model: type[models.Model]
    name: str
    event: str
    when: str
    target: type[models.Model]
    of: str

    def installables(self, vendor: str) -> Iterator[Installable]:
        delete = f"DELETE FROM {self.target._meta.db_table} WHERE {self.of};"  # noqa: S608
        yield _afterwards(self.model, self.name, self.event, self.when, delete, vendor)


@dataclass(frozen=True)
class SameSchool:
    """A foreign key that points to a row of the same school: composite on PostgreSQL, triggers on SQLite."""

    model: type[models.Model]
    field: models.ForeignKey[Any, Any]

    def installables(self, vendor: str) -> Iterator[Installable]:
        table, parent = self.model._meta.db_table, self.field.related_model._meta.db_table
        column, key = self.field.column, self.field.foreign_related_fields[0].column
        school, name = school_column(self.model), f"{column}_same_school"
        if vendor == "postgresql":
            references = f"REFERENCES {parent}({key}, {school})"
            text = f"FOREIGN KEY ({column}, {school}) {references} DEFERRABLE INITIALLY DEFERRED"
            drop = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_{name}"
            create = f"ALTER TABLE {table} ADD CONSTRAINT {table}_{name} {text}"
            yield Installable(table, f"{table}_{name}", text, create, drop)
            return
        here = f"SELECT 1 FROM {parent} WHERE {key} = NEW.{column} AND {school} = NEW.{school}"  # noqa: S608
        when = f"NEW.{column} IS NOT NULL AND NOT EXISTS ({here})"
        message = f"{table}.{column} must be of the same school"
        yield from Refusal(self.model, f"{name}_insert", "INSERT", when, message).installables(vendor)
        update = f"UPDATE OF {column}, {school}"
        yield from Refusal(self.model, f"{name}_update", update, when, message).installables(vendor)


def _afterwards(
    model: type[models.Model], name: str, event: str, when: str, statement: str, vendor: str
) -> Installable:
    """Returns a trigger that runs a statement after a write."""
    table = model._meta.db_table
    trigger = f"TRIGGER {table}_{name} AFTER {event} ON {table}"
    if vendor == "sqlite":
        text = f"CREATE {trigger} WHEN {when} BEGIN {statement} END"
        return Installable(table, f"{table}_{name}", text, create=text, drop=f"DROP TRIGGER IF EXISTS {table}_{name}")
    body = f"IF {when} THEN {statement} END IF; RETURN NULL;"
    return _function_trigger(table, f"{table}_{name}", f"{trigger} FOR EACH ROW", body)


def _function_trigger(table: str, name: str, trigger: str, body: str) -> Installable:
    """Returns PostgreSQL's kind of trigger. Its function's text says which trigger it is for, because that text is all
    that the catalogue returns."""
    text = f"\n-- {trigger}\nBEGIN {body} END"
    function = f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${text}$$"
    create = f"{function}; CREATE {trigger} EXECUTE FUNCTION {name}()"
    return Installable(table, name, text, create=create, drop=f"DROP FUNCTION IF EXISTS {name}() CASCADE")


def school_column(model: type[models.Model]) -> str:
    return foreign_key(model, "school").column


def foreign_key(model: type[models.Model], name: str) -> models.ForeignKey[Any, Any]:
    return cast("models.ForeignKey[Any, Any]", model._meta.get_field(name))
