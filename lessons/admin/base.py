"""Permissions in the admin: superusers may change everything, a school's admins their own school's rows.

Django's own permissions are not used, because roles are per school (`lessons/models/permissions.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import models
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

from lessons.admin.forms import SchoolRowForm, SchoolRowFormSet
from lessons.admin.lists import OfferedLookups
from lessons.models import Notice, School, User
from lessons.roles import Role

if TYPE_CHECKING:
    AnyAdmin = BaseModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    Deletion = tuple[list[Any], dict[str, int], set[str], list[Any]]
else:
    AnyAdmin, TabularInline = BaseModelAdmin, admin.TabularInline

OTHER_SYSTEM: Any = (_("Other system"), {"fields": ("source", "external_id"), "classes": ("collapse",)})


GOES_ALONG = Notice._meta.verbose_name  # deleted with its lesson: it is read-only, and no reason to keep the lesson

ID = re.compile("[0-9]{1,18}")  # of a row; longer numbers do not fit
LONGEST_SEARCH = 100  # characters: each word queries every searched column


def is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


def own_schools(request: HttpRequest) -> models.QuerySet[School]:
    """Returns all schools for a superuser; otherwise those in which the user is an admin.

    These may be fewer than the schools that the user sees elsewhere: a teacher of a second school manages nothing
    there.
    """
    if is_superuser(request):
        return School.objects.all()
    schools = request.user.access.schools(Role.ADMIN) if isinstance(request.user, User) else []
    return School.objects.filter(pk__in=schools)


def runs_a_school(request: HttpRequest) -> bool:
    user = request.user
    return is_superuser(request) or (isinstance(user, User) and bool(user.access.schools(Role.ADMIN)))


class CompletedSelect(AutocompleteSelect):
    """An autocompletion that shows no choice for an invalid id: Django would query the database for it."""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        return super().optgroups(name, [each for each in value if ID.fullmatch(str(each))], attrs)


class OwnSchools(AnyAdmin):
    """Limits rows, foreign keys and autocompletion to the user's own schools. Mixed into every admin and inline."""

    school_path = "school"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        queryset = super().get_queryset(request)
        if is_superuser(request):
            return queryset
        return queryset.filter(**{f"{self.school_path}__in": own_schools(request)})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        related = db_field.related_model
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = CompletedSelect(db_field, self.admin_site)
        if self.admin_site.is_registered(related):
            kwargs["queryset"] = self.admin_site.get_model_admin(related).get_queryset(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return runs_a_school(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return runs_a_school(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return runs_a_school(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return runs_a_school(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return runs_a_school(request)


class ReadOnly(OwnSchools):
    """A record: visible here, and changed by nobody."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SchoolAdmin(OwnSchools, OfferedLookups):
    """An admin page on which objects of other schools are 404, as on every page."""

    show_full_result_count = False  # a second count of the whole table
    list_per_page = 50
    view_on_site: Any = False

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Cleans the search term, because autocompletion passes on anything."""
        return super().get_search_results(request, queryset, search_term.replace("\0", "")[:LONGEST_SEARCH])

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        if not all(ID.fullmatch(pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise Http404
        return super().response_action(request, queryset, *args, **kwargs)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field) if ID.fullmatch(object_id) else None
        if found is None:
            raise Http404
        return found

    def why_kept(self, objs: Sequence[Any]) -> list[Any]:
        """Returns sentences that say why some of these must not be deleted."""
        return []

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletion:
        """Returns the list that Django shows before deleting, one or many.

        Nothing is deleted while anything is protected, and that message says more than a missing permission.
        """
        deleted, count, lacking, protected = super().get_deleted_objects(objs, request)
        protected = [*self.why_kept(list(objs)), *protected]
        return deleted, count, set() if protected else lacking - {GOES_ALONG}, protected


class SchoolRowAdmin(SchoolAdmin):
    """A row of one school, which never changes its school."""

    form = SchoolRowForm
    autocomplete_fields: ClassVar[Any] = ("school",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), *(["school"] if obj else []))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        schools = own_schools(request)[:2]
        only = {"school": schools[0].pk} if len(schools) == 1 else {}
        return {**only, **super().get_changeform_initial_data(request)}


class SchoolRowInline(OwnSchools, TabularInline):
    """Rows within a row of a school, and so of the same school."""

    form = SchoolRowForm
    formset = SchoolRowFormSet
    extra = 0


class OwnSchoolFilter(admin.RelatedFieldListFilter):
    """A filter for own schools. It offers none if they are more than a page; the school can then be searched for."""

    most = 50

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        schools = list(own_schools(request).values_list("pk", "name")[: self.most + 1])
        return [(str(pk), name) for pk, name in schools] if len(schools) <= self.most else []

    @property
    def include_empty_choice(self) -> bool:
        return False

    def expected_parameters(self) -> list[str | None]:
        return [self.lookup_kwarg]
