"""The record, to be looked at: changes are amendments, made on the register's page or by the API."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from lessons.admin.base import OwnSchoolFilter, ReadOnly, SchoolAdmin, TabularInline
from lessons.models import Amendment, FeedCounter, Mark, Register, RejectedReport


class RecordInline(ReadOnly, TabularInline):
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related("student")


class MarkInline(RecordInline):
    model = Mark
    fields = ("student", "code", "minutes_late", "note", "by_name", "by_position", "reported_at", "arrived_at")
    readonly_fields = fields


class AmendmentInline(RecordInline):
    model = Amendment
    change = ("student", "from_code", "to_code", "to_minutes_late", "reason")
    fields = ("rev", "kind", *change, "by_name", "arrived_at")
    readonly_fields = fields


@admin.register(Register)
class RegisterAdmin(ReadOnly, SchoolAdmin):
    list_display = ("group", "date", "start", "session", "by_name", "completed_at", "rev", "school")
    list_select_related = ("lesson", "group", "school")
    list_filter = (("school", OwnSchoolFilter), "session", "source")
    date_hierarchy = "date"
    search_fields = ("group__name", "lesson__subject", "by_name")
    inlines = (MarkInline, AmendmentInline)

    @admin.display(description=_("starts"), ordering="lesson__start_time")
    def start(self, register: Register) -> Any:
        return register.lesson.start_time


@admin.register(Mark)
class MarkAdmin(ReadOnly, SchoolAdmin):
    list_display = ("student", "code", "minutes_late", "register", "by_name", "reported_at", "school")
    list_select_related = ("student", "register__lesson__group", "school")
    list_filter = (("school", OwnSchoolFilter), "code")
    date_hierarchy = "arrived_at"
    search_fields = ("student__legal_name", "student__preferred_name", "register__group__name")


@admin.register(Amendment)
class AmendmentAdmin(ReadOnly, SchoolAdmin):
    change = ("student", "from_code", "to_code", "reason")
    list_display = ("register", "kind", *change, "by_name", "arrived_at", "school")
    list_select_related = ("student", "register__lesson__group", "school")
    list_filter = (("school", OwnSchoolFilter), "kind")
    date_hierarchy = "arrived_at"
    search_fields = ("student__legal_name", "student__preferred_name", "register__group__name", "reason")


@admin.register(RejectedReport)
class RejectedReportAdmin(ReadOnly, SchoolAdmin):
    list_display = ("lesson", "student_id", "code", "reason", "by_name", "reported_at", "school")
    list_select_related = ("lesson__group", "school")
    list_filter = (("school", OwnSchoolFilter), "reason")
    date_hierarchy = "arrived_at"
    search_fields = ("lesson__group__name", "by_name")


@admin.register(FeedCounter)
class FeedCounterAdmin(ReadOnly, SchoolAdmin):
    list_display = ("school", "last_number")
    list_select_related = ("school",)
    search_fields = ("school__name",)
