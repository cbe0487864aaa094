from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from lessons.models.base import Owned, SchoolRow, one_of_school, one_per_source
from lessons.roles import Role

if TYPE_CHECKING:
    from lessons.models.users import User


class GroupQuerySet(models.QuerySet["Group"]):
    def for_user(self, user: User) -> GroupQuerySet:
        """Returns whole schools for office and integrators, and for teachers the groups that they teach."""
        taught = user.lesson_staff.filter(lesson__group=OuterRef("pk"))
        return self.filter(
            Q(school__in=user.access.whole_schools()) | Q(Exists(taught), school__in=user.access.schools(Role.TEACHER))
        )


class Group(SchoolRow, Owned):
    """A class: students who are registered together."""

    name = models.CharField(_("name"), max_length=100)
    year_group = models.SmallIntegerField(_("year group"), null=True, blank=True, help_text=_("Empty for mixed years."))

    objects = GroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ("name",)
        constraints = (one_of_school(), one_per_source())

    def __str__(self) -> str:
        return self.name
