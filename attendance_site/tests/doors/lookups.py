"""Every lookup that Django accepts on a list of the admin, up to three relations away, and how to ask one."""

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

# Pairs of values, for text, numbers and dates: the first matches existing rows, the second none.
PAIRS: dict[str, tuple[tuple[str, str], ...]] = {
    "regex": (("^", "^~~~$"),),
    "startswith": (("", "~~~"),),
    "gte": (("", "~"), ("0", "99999"), ("0001-01-01", "9999-12-31")),
    "isnull": (("0", "1"),),
}


@dataclass(frozen=True)
class Lookup:
    """A list, with a path to a column or a relation and the operator to apply to it."""

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
    """Yields the lookups of these models' lists, or of all lists."""
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
    """An admin list as a user sees it, without the page around it, so that thousands of lookups take seconds."""

    def __init__(self, model: Any, user: User) -> None:
        self.admin: Any = admin.site.get_model_admin(model)
        self.request = self._request(user, {})
        self.rows = self.admin.get_changelist_instance(self.request)

    def refuses(self, name: str) -> bool:
        """Returns whether the list refuses a lookup by its name, before it queries the database."""
        self.rows.filter_params = {name: ["1"]}
        try:
            self.rows.get_filters(self.request)
        except (DisallowedModelAdminLookup, IncorrectLookupParameters):
            return True
        return False

    def found(self, name: str, value: str) -> int | None:
        """Returns how many rows match, or None if the list or the database refuses."""
        try:
            with transaction.atomic():
                request = self._request(self.request.user, {name: value})
                return self.admin.get_changelist_instance(request).result_count  # type: ignore[no-any-return]
        except (DisallowedModelAdminLookup, IncorrectLookupParameters, DatabaseError):
            return None

    def leaks(self, lookup: Lookup) -> bool:
        """Returns whether the answer depends on the stored value."""
        answers = [{self.found(lookup.name, value) for value in pair} for pair in lookup.pairs()]
        return any(len(answer - {None}) == 2 for answer in answers)

    def _request(self, user: Any, query: dict[str, str]) -> Any:
        request = RequestFactory().get("/", query)
        request.user = user
        return request
