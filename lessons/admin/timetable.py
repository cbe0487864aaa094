from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lessons.admin.base import OTHER_SYSTEM, OwnSchoolFilter, SchoolRowAdmin, SchoolRowInline
from lessons.admin.cancelling import Cancelling
from lessons.admin.enrolments import EnrolledStudents, EnrolStudents
from lessons.admin.forms import LessonForm
from lessons.errors import StoreUnavailable
from lessons.models import Group, Lesson, LessonStaff
from lessons.registers.hooks import reported


@admin.register(Group)
class GroupAdmin(SchoolRowAdmin):
    list_display = ("name", "year_group", "school")
    list_select_related = ("school",)
    list_filter = (("school", OwnSchoolFilter), "year_group")
    search_fields = ("name", "external_id")
    fieldsets = ((None, {"fields": ("school", "name", "year_group")}), OTHER_SYSTEM)

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return (EnrolledStudents, EnrolStudents) if obj else (EnrolStudents,)


class StaffInline(SchoolRowInline):
    model = LessonStaff
    fields = ("user", "kind")
    autocomplete_fields = ("user",)


@admin.register(Lesson)
class LessonAdmin(Cancelling):
    form = LessonForm
    list_display = ("group", "subject", "date", "start_time", "room", "session", "state", "school")
    list_select_related = ("group", "school")
    list_filter = (("school", OwnSchoolFilter), "session", "status")
    date_hierarchy = "date"
    search_fields = ("group__name", "subject", "room", "staff__user__name", "external_id")
    autocomplete_fields = ("group",)
    when = ("date", "start_time", "end_time", "session", "status")
    fieldsets = ((None, {"fields": ("group", "subject", "room", *when)}), OTHER_SYSTEM)
    inlines = (StaffInline,)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        lessons: Any = super().get_queryset(request)
        return lessons.with_state(timezone.now())  # type: ignore[no-any-return]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keeps a lesson with a register as it was taken, and a lesson cancelled once its reports were rejected."""
        if obj and obj.is_completed:
            return ("group", *self.when)
        return ("status",) if obj and obj.settled else ()

    @admin.display(description=_("state"))
    def state(self, lesson: Lesson) -> Any:
        return STATES[lesson.state]

    def why_kept(self, objs: Any) -> list[Any]:
        try:
            pks = reported([(lesson.school_id, lesson.pk) for lesson in objs])
        except StoreUnavailable:
            return [_("Whether absences were reported cannot be told now. Try again, or cancel the lesson.")]
        recorded = models.Q(register__isnull=False) | models.Q(rejected__isnull=False)
        of_these = Lesson.objects.filter(recorded, pk__in=[lesson.pk for lesson in objs])
        pks |= set(of_these.values_list("pk", flat=True))
        text = _("%(lesson)s cannot be deleted: something was reported on it. Cancel it instead.")
        return [text % {"lesson": lesson} for lesson in objs if lesson.pk in pks]


STATES = {
    "scheduled": _("Scheduled"),
    "due": _("Due"),
    "completed": _("Completed"),
    "cancelled": _("Cancelled"),
}
