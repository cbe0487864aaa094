"""Querysets whose SQL is made once.

Django makes the SQL of a queryset each time that it is asked for. Of one lesson, a roster or the roles of a user that
costs more than to run it and to make objects of what comes back: what every page and every ticket asks is prepared.

Django has no public way to keep the SQL; what is used instead (`Query.get_compiler`, two methods of `SQLCompiler`) is
held by `tests/test_prepared.py`, which fails when a release no longer asks them.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import date, datetime
from functools import cache, wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar, get_type_hints

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.query import ModelIterable

P = ParamSpec("P")
Row = TypeVar("Row", bound=models.Model)

FIELDS: dict[type, models.Field[Any, Any]] = {
    int: models.BigIntegerField(),
    str: models.TextField(),
    date: models.DateField(),
    datetime: models.DateTimeField(),
}


class Parameter(models.Value):
    """Stands in a queryset for what will be asked for, at this `place` among the arguments."""

    def __init__(self, place: int, kind: type) -> None:
        super().__init__(None, output_field=FIELDS[kind])
        self.place = place

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]

    def of(self, values: tuple[Any, ...], connection: Any) -> Any:
        return self.output_field.get_db_prep_value(values[self.place], connection)


class Made:
    """Stands in a queryset for a query whose SQL is made."""

    def __init__(self, compiler: Any) -> None:
        self.compiler = compiler

    def get_compiler(self, using: str) -> Any:
        return self.compiler


class Statement:
    """The SQL of a queryset, and what makes objects of its rows."""

    def __init__(self, queryset: models.QuerySet[Any]) -> None:
        made: Any = queryset
        if made._prefetch_related_lookups or made._iterable_class is not ModelIterable:
            raise TypeError("only rows are prepared: nothing that is prefetched, and no values")
        self.model = queryset.model
        self.compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        self.sql, self.parameters = self.compiler.as_sql()
        self.converters = self.compiler.get_converters([column for column, *_ in self.compiler.select])

    def run(self, values: tuple[Any, ...]) -> list[Any]:
        connection = connections[DEFAULT_DB_ALIAS]
        given = [each.of(values, connection) if isinstance(each, Parameter) else each for each in self.parameters]
        compiler = copy(self.compiler)
        compiler.connection = connection  # each thread has its own
        compiler.as_sql = lambda: (self.sql, given)
        compiler.get_converters = lambda columns: self.converters
        query: Any = Made(compiler)
        return list(models.QuerySet(self.model, query, DEFAULT_DB_ALIAS))


def prepared(build: Callable[P, models.QuerySet[Row]]) -> Callable[P, list[Row]]:
    """Makes a function that gives a queryset into one that gives its rows. Its parameters, given by their places, are
    of the types in FIELDS, and never None; the queryset must not depend on them otherwise than as values."""

    @cache
    def statement(_vendor: str) -> Statement:
        hints = get_type_hints(build)
        stand_ins = [Parameter(place, hints[name]) for place, name in enumerate(signature(build).parameters)]
        queryset: Callable[..., models.QuerySet[Row]] = build
        return Statement(queryset(*stand_ins))

    @wraps(build)
    def rows(*values: Any) -> list[Row]:
        return statement(connections[DEFAULT_DB_ALIAS].vendor).run(values)

    return rows  # type: ignore[return-value]
