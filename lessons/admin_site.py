"""The door of the admin. Outside of the package `admin`, whose modules register with the site being made."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class Site(admin.AdminSite):
    """Open to members of staff who hold the role admin in a school, and to superusers."""

    site_title = site_header = _("Attendance")
    index_title = _("Schools, people and timetables")

    def has_permission(self, request: HttpRequest) -> bool:
        from lessons.admin.base import runs_a_school

        return super().has_permission(request) and runs_a_school(request)
