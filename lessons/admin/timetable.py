from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lessons.admin.base import OTHER_SYSTEM, OwnSchoolFilter, SchoolRowAdmin, SchoolRowInline
from lessons.admin.enrolments import EnrolledStudents, EnrolStudents
from lessons.admin.forms import LessonForm
from lessons.errors import StoreUnavailable
from lessons.models import Group, Lesson, LessonStaff
from lessons.reported import reported


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
class LessonAdmin(SchoolRowAdmin):
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
    actions = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        lessons: Any = super().get_queryset(request)
        return lessons.with_state(timezone.now())  # type: ignore[no-any-return]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A register belongs to the lesson as it was taken."""
        return ("group", *self.when) if obj and obj.is_completed else ()

    @admin.display(description=_("state"))
    def state(self, lesson: Lesson) -> Any:
        return STATES[lesson.state]

    @admin.action(description=_("Cancel selected lessons"))
    def cancel(self, request: HttpRequest, queryset: models.QuerySet[Lesson]) -> None:
        with transaction.atomic():
            pks = Lesson.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))).lock()
            # Asked only once they are locked: a completion that was faster is seen now.
            open_ = Lesson.objects.filter(pk__in=pks, register__isnull=True, status=Lesson.Status.SCHEDULED)
            cancelled = list(open_.select_related("group"))
            Lesson.objects.filter(pk__in=[lesson.pk for lesson in cancelled]).update(
                status=Lesson.Status.CANCELLED, updated_at=timezone.now()
            )
            for lesson in cancelled:
                self.log_change(request, lesson, [{"changed": {"fields": [str(_("status"))]}}])
        self.tell(request, len(cancelled), len(pks) - len(cancelled))

    def tell(self, request: HttpRequest, cancelled: int, left: int) -> None:
        if cancelled:
            done = ngettext("%d lesson was cancelled.", "%d lessons were cancelled.", cancelled) % cancelled
            self.message_user(request, done, messages.SUCCESS)
        if left:
            why = ngettext(
                "%d lesson was left as it is: it is completed or cancelled already.",
                "%d lessons were left as they are: they are completed or cancelled already.",
                left,
            )
            self.message_user(request, why % left, messages.WARNING)

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
