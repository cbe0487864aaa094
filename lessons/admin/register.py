"""The record, read-only: changes are amendments, made on the register's page or through the API."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
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
    change = ("student", "from_code", "from_minutes_late", "to_code", "to_minutes_late", "reason")
    fields = ("rev", "kind", *change, "by_name", "by_position", "happened_at", "arrived_at", "source")
    readonly_fields = fields


@admin.register(Register)
class RegisterAdmin(ReadOnly, SchoolAdmin):
    list_display = ("group", "date", "start", "session", "by_name", "completed_at", "rev", "school")
    list_select_related = ("lesson", "group", "school")
    list_filter = (("school", OwnSchoolFilter), "session", "source")
    date_hierarchy = "date"
    search_fields = ("group__name", "lesson__subject", "by_name")
    inlines = (MarkInline, AmendmentInline)

    def view_on_site(self, register: Register) -> str:
        """Returns the page that amends the register, takes it again after a void, and shows earlier states."""
        return reverse("register", args=[register.pk])

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
    list_display = ("arrived_at", "kind", "student", "change", "reason", "by", "register", "school")
    list_display_links = ("arrived_at", "kind")
    list_select_related = ("student", "register__lesson__group", "school")
    list_filter = (("school", OwnSchoolFilter), "kind")
    date_hierarchy = "arrived_at"
    ordering = ("-arrived_at", "-id")
    search_fields = (
        *("student__legal_name", "student__preferred_name", "=student__upn"),
        *("register__group__name", "reason", "by_name"),
    )

    def view_on_site(self, amendment: Amendment) -> str:
        return reverse("register", args=[amendment.register_id])

    @admin.display(description=_("from → to"))
    def change(self, amendment: Amendment) -> str:
        if amendment.student_id is None:
            return str(_("everyone unstated"))
        before = _code(amendment.from_code, amendment.from_minutes_late)
        return f"{before} → {_code(amendment.to_code, amendment.to_minutes_late)}"

    @admin.display(description=_("by"), ordering="by_name")
    def by(self, amendment: Amendment) -> str:
        return ", ".join(filter(None, (amendment.by_name, amendment.by_position)))


def _code(code: str | None, minutes_late: int | None) -> str:
    """Formats a code, such as “L (5 min)”; a dash for unmarked."""
    return (code or "–") if minutes_late is None else f"{code} ({minutes_late} min)"


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
