"""Limits what a request may query in a list to the links that the list itself shows.

Django lets a request filter a list by any column of its table, with any lookup, and by the relations of its filters.
Whoever can filter by a column can find out its values, because a row is either listed or not. So an address may name
only what the list's own links name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.sites import all_sites
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core import checks
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

DRILL_DOWN = ("year", "month", "day")


class Rows(ChangeList):
    def get_filters(self, request: HttpRequest) -> Any:
        for name, values in request.GET.lists():
            check_values(name, values)
        if self.params.get(ORDER_VAR, "").count(".") >= len(self.list_display):
            raise IncorrectLookupParameters(ORDER_VAR)
        try:
            return super().get_filters(request)
        except (OverflowError, ValueError) as error:  # a year beyond the calendar
            raise IncorrectLookupParameters from error


def check_values(name: str, values: list[str]) -> None:
    """Raises IncorrectLookupParameters for values that no link has: a name given twice, and NUL, which PostgreSQL
    refuses."""
    if len(values) > 1 or any("\0" in value for value in values):
        raise IncorrectLookupParameters(name)


class OfferedLookups(ModelAdmin):
    """A list that accepts only the lookups of its filters and dates, and refers to rows by id."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Rows

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in self.offered_lookups(request)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field == self.opts.pk.name

    def offered_lookups(self, request: Any) -> frozenset[str]:
        """Returns the names in the list's own links. Computed once per request, because a filter may query its
        choices."""
        made: dict[Any, frozenset[str]] = request.__dict__.setdefault("offered_lookups", {})
        if self not in made:
            made[self] = frozenset(self._offered_lookups(request))
        return made[self]

    def _offered_lookups(self, request: HttpRequest) -> Iterator[str]:
        for each in self.get_list_filter(request):
            yield from lookups_of(self._made(each, request))
        if self.date_hierarchy:
            yield from (f"{self.date_hierarchy}__{part}" for part in DRILL_DOWN)

    def _made(self, list_filter: Any, request: HttpRequest) -> Any:
        """Returns an entry of `list_filter` as the list would make it for a request without lookups."""
        if isinstance(list_filter, type):
            return list_filter(request, {}, self.model, self)
        path, made_by = list_filter if isinstance(list_filter, tuple) else (list_filter, admin.FieldListFilter.create)
        field = get_fields_from_path(self.model, path)[-1]
        return made_by(field, request, {}, self.model, self, field_path=path)


def lookups_of(spec: Any) -> list[str]:
    """Returns the names in a filter's links, and `isnull` even if no row can be without a value."""
    field = getattr(spec, "field", None)
    nullable = field is None or field.null
    return [name for name in spec.expected_parameters() if nullable or not name.endswith("__isnull")]


class OfferedChoices(AutocompleteJsonView):
    """Autocompletion for fields on the site's forms only. Django's works for every foreign key."""

    def process_request(self, request: HttpRequest) -> Any:
        found = super().process_request(request)
        field = found[2]
        if not any(field.name in form.get_autocomplete_fields(request) for form in self._forms(request, field.model)):
            raise PermissionDenied
        return found

    def _forms(self, request: HttpRequest, model: Any) -> Iterator[Any]:
        """Yields the admin of a model, and its inlines on other pages."""
        site: Any = self.admin_site
        for parent in site._registry.values():
            inlines = [made_by(parent.model, site) for made_by in parent.get_inlines(request, None)]
            yield from (form for form in (parent, *inlines) if form.model is model)


def check_lists(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Returns an error for each list of the admin that would answer lookups that it does not offer."""
    lists = [each for site in all_sites for each in site._registry.values()]
    return [_error(each) for each in lists if not _is_guarded(each)]


def _is_guarded(each: Any) -> bool:
    guards = ("lookup_allowed", "to_field_allowed", "get_changelist")
    return all(getattr(type(each), name) is getattr(OfferedLookups, name) for name in guards)


def _error(each: Any) -> checks.CheckMessage:
    said = f"{type(each).__name__} answers lookups that its list does not offer."
    return checks.Error(said, hint="Derive it from lessons.admin.base.SchoolAdmin.", id="lessons.E002")
