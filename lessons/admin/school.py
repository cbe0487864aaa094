from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from lessons.admin.base import OTHER_SYSTEM, SchoolAdmin, is_superuser
from lessons.models import Lesson, LocalAuthority, School


class MadeBySuperusers(SchoolAdmin):
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)


@admin.register(LocalAuthority)
class LocalAuthorityAdmin(MadeBySuperusers):
    school_path = "school"
    list_display = ("name", "code")
    search_fields = ("name", "code")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)


@admin.register(School)
class SchoolSettingsAdmin(MadeBySuperusers):
    """A school's admins set how registers are taken; its identity is for superusers."""

    school_path = "pk"
    identity = ("name", "urn", "nation", "local_authority", "time_zone")
    registers = ("opening_minutes", "closing_minutes", "open_cover", "teacher_codes")
    amending = ("amendment_window", "office_amendment_window", "amendment_reasons")
    list_display = ("name", "urn", "local_authority", "nation")
    list_select_related = ("local_authority",)
    list_filter = ("nation",)
    search_fields = ("name", "urn", "external_id")
    autocomplete_fields = ("local_authority",)
    fieldsets = (
        (None, {"fields": identity}),
        (_("Registers"), {"fields": registers}),
        (_("Amendments"), {"fields": amending}),
        OTHER_SYSTEM,
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if not is_superuser(request):
            return (*self.identity, "source", "external_id")
        # The instants of the school's lessons were computed with its zone.
        return ("time_zone",) if obj and Lesson.objects.filter(school=obj).exists() else ()
