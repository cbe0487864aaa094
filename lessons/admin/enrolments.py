"""Enrolments on the pages of groups and students: existing ones, to be ended, and new ones.

Two inlines of one table, because an enrolment never changes its student or group, and a field to choose them would cost
a query per row.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from lessons.admin.base import OTHER_SYSTEM, OwnSchoolFilter, SchoolRowAdmin, SchoolRowInline
from lessons.admin.forms import EnrolmentForm, EnrolmentFormSet, kept
from lessons.models import Enrolment, Register


class Enrolled(SchoolRowInline):
    model = Enrolment
    formset = EnrolmentFormSet
    verbose_name_plural = _("enrolments")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related("student", "group")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Enrol(SchoolRowInline):
    model = Enrolment
    verbose_name_plural = _("new enrolments")
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).none()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EnrolledInGroups(Enrolled):
    fields = ("group", "starts_on", "ends_on")
    readonly_fields = ("group",)


class EnrolInGroups(Enrol):
    fields = ("group", "starts_on", "ends_on")
    autocomplete_fields = ("group",)


class EnrolledStudents(Enrolled):
    fields = ("student", "starts_on", "ends_on")
    readonly_fields = ("student",)


class EnrolStudents(Enrol):
    fields = ("student", "starts_on", "ends_on")
    autocomplete_fields = ("student",)


@admin.register(Enrolment)
class EnrolmentAdmin(SchoolRowAdmin):
    form = EnrolmentForm
    list_display = ("student", "group", "starts_on", "ends_on", "school")
    list_select_related = ("student", "group", "school")
    list_filter = (("school", OwnSchoolFilter), ("ends_on", admin.EmptyFieldListFilter))
    date_hierarchy = "starts_on"
    search_fields = ("student__legal_name", "student__preferred_name", "group__name", "external_id")
    autocomplete_fields = ("student", "group")
    fieldsets = ((None, {"fields": ("student", "group", "starts_on", "ends_on")}), OTHER_SYSTEM)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("student", "group") if obj else ()

    def why_kept(self, objs: Any) -> list[Any]:
        return [kept(enrolment) for enrolment in objs if Register.objects.on_enrolment(enrolment)]
