"""Querysets whose SQL is made once.

Django makes a queryset's SQL each time it is evaluated. For one lesson, a roster or a user's roles, that costs more
than running it and making objects of the rows, so queries of every page and every ticket are prepared.

Django has no public way to keep the SQL. This module uses `Query.get_compiler` and two methods of `SQLCompiler`;
`tests/test_prepared.py` fails if a release no longer calls them.
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
    """Stands for a value in a queryset, at this `place` among the arguments."""

    def __init__(self, place: int, kind: type) -> None:
        super().__init__(None, output_field=FIELDS[kind])
        self.place = place

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]

    def of(self, values: tuple[Any, ...], connection: Any) -> Any:
        return self.output_field.get_db_prep_value(values[self.place], connection)


class Made:
    """Stands for a compiled query in a queryset."""

    def __init__(self, compiler: Any) -> None:
        self.compiler = compiler

    def get_compiler(self, using: str) -> Any:
        return self.compiler


class Statement:
    """The SQL of a queryset, and what it takes to make objects of its rows."""

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
    """Turns a function that returns a queryset into one that returns its rows. Its positional parameters have the types
    in FIELDS and are never None; the queryset may use them only as values."""

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
