"""Every lookup that Django understands of a list of the admin, to three relations away; and how a list is asked one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import DatabaseError, transaction
from django.test import RequestFactory

from lessons.models import User

LOOKUPS = ("regex", "startswith", "gte", "in", "isnull")
DEPTH = 3

# Two values of which the first finds what there is and the second nothing, of text, of numbers and of dates.
PAIRS: dict[str, tuple[tuple[str, str], ...]] = {
    "regex": (("^", "^~~~$"),),
    "startswith": (("", "~~~"),),
    "gte": (("", "~"), ("0", "99999"), ("0001-01-01", "9999-12-31")),
    "isnull": (("0", "1"),),
}


@dataclass(frozen=True)
class Lookup:
    """A list, and what it is asked of the column or the relation at the end of a path."""

    of: type[Any]
    path: tuple[str, ...]
    column: str
    operator: str
    end: Any

    @property
    def name(self) -> str:
        return "__".join(filter(None, (*self.path, self.column, self.operator)))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        if self.operator != "in":
            return PAIRS[self.operator]
        return ((str(self.end._default_manager.values_list(self.column or "pk", flat=True).first()), "-1"),)


def walk(*models: type[Any]) -> Iterator[Lookup]:
    """Of the lists of these models, or of all."""
    for model in models or admin.site._registry:
        for path, end in paths(model, DEPTH):
            columns = ["pk", *(field.name for field in end._meta.get_fields() if field.concrete)]
            for column in [*columns, *([""] if path else [])]:  # "": the relation itself
                yield from (Lookup(model, path, column, operator, end) for operator in LOOKUPS)


def paths(model: Any, depth: int, so_far: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield so_far, model
    for relation in model._meta.get_fields() if depth else ():
        if relation.related_model:
            yield from paths(relation.related_model, depth - 1, (*so_far, relation.name))


class Asked:
    """A list of the admin as a user sees it, without the page around it: thousands of lookups take seconds."""

    def __init__(self, model: Any, user: User) -> None:
        self.admin: Any = admin.site.get_model_admin(model)
        self.request = self._request(user, {})
        self.rows = self.admin.get_changelist_instance(self.request)

    def refuses(self, name: str) -> bool:
        """Whether it stops at the name of a lookup, before anything is asked of the database."""
        self.rows.filter_params = {name: ["1"]}
        try:
            self.rows.get_filters(self.request)
        except (DisallowedModelAdminLookup, IncorrectLookupParameters):
            return True
        return False

    def found(self, name: str, value: str) -> int | None:
        """How many rows it answers; None where it refuses, or the database does."""
        try:
            with transaction.atomic():
                request = self._request(self.request.user, {name: value})
                return self.admin.get_changelist_instance(request).result_count  # type: ignore[no-any-return]
        except (DisallowedModelAdminLookup, IncorrectLookupParameters, DatabaseError):
            return None

    def leaks(self, lookup: Lookup) -> bool:
        """Whether its answer depends on what stands there."""
        answers = [{self.found(lookup.name, value) for value in pair} for pair in lookup.pairs()]
        return any(len(answer - {None}) == 2 for answer in answers)

    def _request(self, user: Any, query: dict[str, str]) -> Any:
        request = RequestFactory().get("/", query)
        request.user = user
        return request
