from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group as PermissionGroup
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lessons.admin.attendance import glance
from lessons.admin.base import (
    OTHER_SYSTEM,
    OwnSchoolFilter,
    OwnSchools,
    ReadOnly,
    SchoolAdmin,
    SchoolRowAdmin,
    TabularInline,
    is_superuser,
    own_schools,
)
from lessons.admin.enrolments import EnrolInGroups, EnrolledInGroups
from lessons.admin.forms import InlineForm
from lessons.admin.user_names import OwnUserAddForm, OwnUserChangeForm, UserAddForm, UserChangeForm
from lessons.calendar import school_time
from lessons.models import Membership, RefreshToken, Student, User
from lessons.roles import Role

admin.site.unregister(PermissionGroup)  # Django's permissions are not used, and a group is a class


class GrantsRoles(OwnSchools):
    """Roles in own schools. An operator's role is national, and only superusers grant it."""

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role" and not is_superuser(request):
            granted = [(role.value, role.label) for role in Role if role != Role.OPERATOR]
            kwargs["choices"] = [("", "---------"), *granted]
        return super().formfield_for_choice_field(db_field, request, **kwargs)


class MembershipInline(GrantsRoles, TabularInline):
    model = Membership
    form = InlineForm
    fields = ("school", "role", "position")
    autocomplete_fields = ("school",)
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Requires a role when a school's admin adds a user; otherwise nobody in the school would see the user
        again."""
        if obj is None and not is_superuser(request):
            kwargs |= {"min_num": 1, "validate_min": True}
        return super().get_formset(request, obj, **kwargs)


class RoleFilter(admin.SimpleListFilter):
    """Filters by a role in own schools: roles elsewhere stay private."""

    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(role.value, role.label) for role in Role if is_superuser(request) or role != Role.OPERATOR]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() is None:
            return queryset
        members = Membership.objects.filter(role=self.value())
        if not is_superuser(request):
            members = members.filter(school__in=own_schools(request))
        return queryset.filter(pk__in=members.values("user"))


@admin.register(User)
class UserAdmin(SchoolAdmin, auth_admin.UserAdmin):  # type: ignore[type-arg]
    """Users with a role in own schools. Name and sign-in are changed only by somebody who runs all of a user's schools;
    other admins change the roles in their own schools only."""

    form = UserChangeForm
    add_form = UserAddForm
    inlines = (MembershipInline,)
    ordering = ("name", "id")
    search_fields = ("name", "username", "email")
    identity = ("username", "name", "email", "is_active")
    powers = ("is_staff", "is_superuser")
    filter_horizontal = ()
    dates = ("last_login", "date_joined")
    readonly_fields = dates
    asked = ("username", "name", "email", "usable_password", "password1", "password2")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        shown = Membership.objects.select_related("school").order_by("id")
        users = User.objects.filter(api_client=None).order_by(*self.ordering)  # a client's user is not a person
        if not is_superuser(request):
            shown = shown.filter(school__in=own_schools(request))
            users = users.filter(pk__in=shown.order_by().values("user"))
        return users.prefetch_related(models.Prefetch("memberships", shown, to_attr="shown_memberships"))

    def may_edit(self, request: HttpRequest, user: User) -> bool:
        if is_superuser(request):
            return True
        elsewhere = user.memberships.exclude(school__in=own_schools(request))  # an operator's role has no school
        return not user.is_superuser and not elsewhere.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = ("name", "username", "email", "roles", "is_active")
        return (*shown, "is_staff") if is_superuser(request) else shown

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = (RoleFilter, "is_active")
        return (*filters, "is_staff", "is_superuser") if is_superuser(request) else filters

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            of_several = not is_superuser(request) and own_schools(request).count() > 1
            return ((None, {"fields": ("home", *self.asked) if of_several else self.asked}),)
        if not self.may_edit(request, obj):
            return ((None, {"fields": self.identity}),)
        fieldsets = ((None, {"fields": (*self.identity, "password")}), (_("Dates"), {"fields": self.dates}))
        powers = (_("Powers"), {"fields": self.powers})
        return (*fieldsets, powers) if is_superuser(request) else fieldsets

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if is_superuser(request):
            return super().get_form(request, obj, change=change, **kwargs)
        kwargs["form"] = OwnUserAddForm if obj is None else OwnUserChangeForm
        form: Any = super().get_form(request, obj, change=change, **kwargs)  # a new class for this request
        form.seen, form.schools = self.get_queryset(request), own_schools(request)
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.dates if obj is None or self.may_edit(request, obj) else (*self.identity, *self.dates)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        said = _("%(name)s signs in as %(username)s.")
        self.message_user(request, said % {"name": obj.name, "username": obj.username})
        return super().response_add(request, obj, post_url_continue)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Sends users to the page that asks for their old password, so that nobody changes it at an unattended desk."""
        user = self.get_object(request, id)
        if not self.may_edit(request, user):
            raise PermissionDenied
        return redirect("password") if user == request.user else super().user_change_password(request, id, form_url)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Shown to superusers and to admins of all the user's schools only: it says which roles the user was given
        elsewhere, and by whom."""
        if not self.may_edit(request, self.get_object(request, object_id)):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    @admin.display(description=_("roles"))
    def roles(self, user: Any) -> str:
        roles = user.shown_memberships
        return ", ".join(f"{role.get_role_display()} ({role.school or _('national')})" for role in roles)


@admin.register(Membership)
class MembershipAdmin(GrantsRoles, SchoolAdmin):
    list_display = ("user", "school", "role", "position")
    list_select_related = ("user", "school")
    list_filter = (("school", OwnSchoolFilter), "role")
    search_fields = ("user__name", "user__username", "position", "external_id")
    autocomplete_fields = ("user", "school")
    fieldsets = ((None, {"fields": ("user", "school", "role", "position")}), OTHER_SYSTEM)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).filter(user__api_client=None)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user", "school") if obj else ()


@admin.register(RefreshToken)
class RefreshTokenAdmin(ReadOnly, SchoolAdmin):
    """Listed so that they can be deleted, which revokes them."""

    list_display = ("user", "school", "expires_at")
    list_display_links = None
    list_select_related = ("user", "school")
    list_filter = (("school", OwnSchoolFilter),)
    search_fields = ("user__name", "user__username")
    fields = ("user", "school", "expires_at")
    ordering = ("-expires_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)


@admin.register(Student)
class StudentAdmin(SchoolRowAdmin):
    list_display = ("name", "legal_name", "upn", "year_group", "on_roll_from", "on_roll_until", "school")
    list_select_related = ("school",)
    list_filter = (("school", OwnSchoolFilter), "year_group", ("on_roll_until", admin.EmptyFieldListFilter))
    search_fields = ("legal_name", "preferred_name", "upn", "external_id")
    readonly_fields = ("attendance",)
    names = ("legal_name", "preferred_name", "sort_name")
    details = ("school", *names, "upn", "year_group", "on_roll_from", "on_roll_until")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = ((None, {"fields": self.details}), OTHER_SYSTEM)
        return ((_("Attendance"), {"fields": ("attendance",)}), *fieldsets) if obj else fieldsets

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return (EnrolledInGroups, EnrolInGroups) if obj else (EnrolInGroups,)

    @admin.display(description=_("name"), ordering="sort_name")
    def name(self, student: Student) -> str:
        return student.name

    @admin.display(description=_("this school year"))
    def attendance(self, student: Student) -> str:
        today = school_time.local_date(student.school.time_zone, timezone.now())
        found = glance(student, school_time.school_year(today))
        return render_to_string("admin/lessons/attendance.html", {"glance": found, "student": student})
