"""The admin site. Outside the package `admin`, whose modules register with the site while it is being made."""

from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Site(admin.AdminSite):
    """Open to staff with the role admin in a school, and to superusers."""

    site_title = site_header = _("Attendance")
    index_title = _("Schools, people and timetables")

    def has_permission(self, request: HttpRequest) -> bool:
        from lessons.admin.base import runs_a_school

        return super().has_permission(request) and runs_a_school(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Redirects to the only sign-in page, which has limits."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Redirects to the only sign-out, which ends tickets and clears the browser's storage."""
        from lessons.accounts.pages import SignOut

        return SignOut.as_view()(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Redirects to the only page for passwords, which limits guesses at the old one."""
        return redirect("password")

    def get_urls(self) -> Any:
        """Leaves out the address that shows any table's row "on site" by its id: no table has such a page."""
        return [each for each in super().get_urls() if getattr(each, "name", None) != "view_on_site"]

    def autocomplete_view(self, request: HttpRequest) -> Any:
        from lessons.admin.lists import OfferedChoices

        return OfferedChoices.as_view(admin_site=self)(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Publishes revocations at once, after the view's changes are committed."""
        checked = super().admin_view(view, cacheable)

        def told(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            from lessons.accounts import revoking

            response = checked(request, *args, **kwargs)
            if request.method == "POST":
                revoking.tell_promptly()
            return response

        return update_wrapper(told, checked)
