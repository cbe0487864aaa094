"""The door of the admin. Outside of the package `admin`, whose modules register with the site being made."""

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
    """Open to members of staff who hold the role admin in a school, and to superusers."""

    site_title = site_header = _("Attendance")
    index_title = _("Schools, people and timetables")

    def has_permission(self, request: HttpRequest) -> bool:
        from lessons.admin.base import runs_a_school

        return super().has_permission(request) and runs_a_school(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """There is one sign-in, with its limits, for pages and admin."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """There is one way out: it ends the tickets, and has the browser forget what it keeps."""
        from lessons.accounts.pages import SignOut

        return SignOut.as_view()(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """There is one page for it, where the old password cannot be guessed without end."""
        return redirect("password")

    def get_urls(self) -> Any:
        """Without the address that looks up a row of any table by its number to show it on the site: none has a page
        of that kind."""
        return [each for each in super().get_urls() if getattr(each, "name", None) != "view_on_site"]

    def autocomplete_view(self, request: HttpRequest) -> Any:
        from lessons.admin.lists import OfferedChoices

        return OfferedChoices.as_view(admin_site=self)(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Once whatever was changed here is committed, those who lost something by it are told of at once."""
        checked = super().admin_view(view, cacheable)

        def told(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            from lessons.accounts import revoking

            response = checked(request, *args, **kwargs)
            if request.method == "POST":
                revoking.tell_promptly()
            return response

        return update_wrapper(told, checked)
