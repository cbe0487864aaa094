"""The office's entries: planned absences can be entered here too; calls, the front desk and notices are read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from lessons.admin.base import OTHER_SYSTEM, OwnSchoolFilter, ReadOnly, SchoolAdmin, SchoolRowAdmin
from lessons.admin.forms import PlannedAbsenceForm
from lessons.models import Contact, DeskEntry, Notice, PlannedAbsence
from lessons.models.base import signature

PUPIL = ("student__legal_name", "student__preferred_name")


@admin.register(PlannedAbsence)
class PlannedAbsenceAdmin(SchoolRowAdmin):
    form = PlannedAbsenceForm
    list_display = (
        "student",
        "first_day",
        "last_day",
        "from_time",
        "until_time",
        "code",
        "reason",
        "by_name",
        "school",
    )
    list_select_related = ("student", "school")
    list_filter = (("school", OwnSchoolFilter), "code")
    date_hierarchy = "first_day"
    search_fields = (*PUPIL, "reason", "external_id")
    autocomplete_fields = ("student",)
    told = ("by_name", "by_position", "made_at")
    asked = ("student", "first_day", "last_day", "from_time", "until_time", "code", "reason")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = ((None, {"fields": self.asked}), OTHER_SYSTEM)
        return (*fieldsets, (_("Entered"), {"fields": self.told})) if obj else fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("student", *self.told) if obj else ()

    def save_model(self, request: HttpRequest, obj: PlannedAbsence, form: Any, change: bool) -> None:
        for name, value in signature(request.user, obj.school_id).items():  # type: ignore[arg-type]
            setattr(obj, name, value)
        super().save_model(request, obj, form, change)


@admin.register(Contact)
class ContactAdmin(ReadOnly, SchoolAdmin):
    list_display = ("student", "date", "outcome", "note", "by_name", "at", "school")
    list_select_related = ("student", "school")
    list_filter = (("school", OwnSchoolFilter), "outcome")
    date_hierarchy = "date"
    search_fields = (*PUPIL, "note", "by_name")


@admin.register(DeskEntry)
class DeskEntryAdmin(ReadOnly, SchoolAdmin):
    list_display = ("student", "date", "direction", "note", "by_name", "at", "school")
    list_select_related = ("student", "school")
    list_filter = (("school", OwnSchoolFilter), "direction")
    date_hierarchy = "date"
    search_fields = (*PUPIL, "note", "by_name")


@admin.register(Notice)
class NoticeAdmin(ReadOnly, SchoolAdmin):
    list_display = ("kind", "lesson", "to", "student", "text", "by_name", "made_at", "done_at", "school")
    list_select_related = ("lesson__group", "to", "student", "school")
    list_filter = (("school", OwnSchoolFilter), "kind", ("done_at", admin.EmptyFieldListFilter))
    date_hierarchy = "made_at"
    search_fields = ("lesson__group__name", "to__name", *PUPIL, "by_name")
