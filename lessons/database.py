"""What the database itself upholds beyond what Django can declare, on PostgreSQL and SQLite.

Rules are declared once, in `rules`: `SameSchool` keeps a foreign key within its school, a `Refusal` is a
trigger that refuses to write a row. Each becomes constraints or triggers of the vendor, installed after every
`migrate` and `flush`, only where missing or changed. Who breaks a rule gets an IntegrityError.

`manage.py check --deploy --database default` fails when one is missing: Django's table remake on SQLite drops
a table's triggers without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db import connections, models, transaction

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


@dataclass(frozen=True)
class Installable:
    """One constraint or trigger. `text` is what the catalogue gives back of it, so that changes are seen."""

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

    `event` is INSERT, DELETE, UPDATE or UPDATE OF columns; `when` a condition on OLD and NEW in SQL that both
    vendors read alike (or one for each); `message` has neither quotes nor percent signs.
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
        text = f"""
            -- {trigger}
            BEGIN
                IF {when} THEN
                    RAISE EXCEPTION '{self.message}' USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN {"OLD" if self.event == "DELETE" else "NEW"};
            END
        """
        function = f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${text}$$"
        create = f"{function}; CREATE {trigger} FOR EACH ROW EXECUTE FUNCTION {name}()"
        yield Installable(table, name, text, create=create, drop=f"DROP FUNCTION IF EXISTS {name}() CASCADE")


@dataclass(frozen=True)
class SameSchool:
    """A foreign key points to a row of the same school: composite on PostgreSQL, triggers on SQLite."""

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


def rules() -> Iterator[Rule]:
    """Everything that is upheld here. Add to it, and the next `migrate` installs it."""
    yield from same_school()
    yield from enrolments_stay()


def school_column(model: type[models.Model]) -> str:
    return foreign_key(model, "school").column


def foreign_key(model: type[models.Model], name: str) -> models.ForeignKey[Any, Any]:
    return cast("models.ForeignKey[Any, Any]", model._meta.get_field(name))


def same_school() -> Iterator[Rule]:
    from lessons.models.base import SchoolRow

    for model in apps.get_app_config("lessons").get_models():
        if issubclass(model, SchoolRow):
            school = school_column(model)
            moved = f"NEW.{school} <> OLD.{school}"
            message = "a row never changes its school"
            yield Refusal(model, "keeps_its_school", f"UPDATE OF {school}", moved, message)
            for name in model.SAME_SCHOOL:
                yield SameSchool(model, foreign_key(model, name))


def enrolments_stay() -> Iterator[Rule]:
    """A student's registers are found by her enrolments: one with a register on it is ended, not deleted.

    The roster counts besides the dates, or shortening an enrolment first would be a way round.
    """
    from lessons.models import Enrolment, Register

    within = "r.date >= OLD.starts_on AND (OLD.ends_on IS NULL OR r.date <= OLD.ends_on)"
    on_roster = {
        "sqlite": "EXISTS (SELECT 1 FROM json_each(r.roster) WHERE value = OLD.student_id)",
        "postgresql": "r.roster @> to_jsonb(OLD.student_id)",
    }
    of_group = f"SELECT 1 FROM {Register._meta.db_table} r WHERE r.group_id = OLD.group_id"  # noqa: S608
    stands = {vendor: f"EXISTS ({of_group} AND ({within} OR {listed}))" for vendor, listed in on_roster.items()}
    message = "a register stands on this enrolment"
    yield Refusal(Enrolment, "stays", "DELETE", stands, message)
    moved = "(NEW.student_id <> OLD.student_id OR NEW.group_id <> OLD.group_id)"
    stands_still = {vendor: f"{moved} AND {when}" for vendor, when in stands.items()}
    yield Refusal(Enrolment, "stays_put", "UPDATE OF student_id, group_id", stands_still, message)


def missing(connection: BaseDatabaseWrapper) -> list[Installable]:
    """What is not installed as declared, of the tables that exist."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        cursor.execute(INSTALLED[connection.vendor])
        installed = {(table, name): text for table, name, text in cursor.fetchall()}
    wanted = chain.from_iterable(rule.installables(connection.vendor) for rule in rules())
    return [item for item in wanted if item.table in tables and installed.get((item.table, item.name)) != item.text]


def install(connection: BaseDatabaseWrapper) -> None:
    """Makes what is missing or changed, all or none."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for item in missing(connection):
            cursor.execute(item.drop)
            cursor.execute(item.create)


def lift(connection: BaseDatabaseWrapper) -> None:
    """Takes everything away until the next `install`."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for item in chain.from_iterable(rule.installables(connection.vendor) for rule in rules()):
            if item.table in tables:
                cursor.execute(item.drop)


def before_migrate(*, using: str, plan: list[tuple[Any, bool]], **kwargs: Any) -> None:
    """On SQLite a remade table cannot take its old name while another table's trigger speaks of it.

    PostgreSQL alters beside the rules, and a large table need not be verified again, except on the way back.
    """
    backwards = any(unapplied for _, unapplied in plan)
    if backwards or (plan and connections[using].vendor == "sqlite"):
        lift(connections[using])


def after_migrate(*, using: str, **kwargs: Any) -> None:
    install(connections[using])


def check(*, databases: Iterable[str] | None, **kwargs: Any) -> list[CheckMessage]:
    """A deployment check: one that `migrate` ran would keep it from repairing what is missing."""
    return [
        Error(f"The database lacks the rule {item.name}.", hint="Run manage.py migrate.", id="lessons.E001")
        for alias in databases or ()
        for item in missing(connections[alias])
    ]
