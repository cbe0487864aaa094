"""Students, and their time in groups."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from lessons import names, upn
from lessons.models.base import Owned, SchoolRow, one_of_school, one_per_source
from lessons.models.groups import Group
from lessons.roles import Role

if TYPE_CHECKING:
    from lessons.models.users import User


def valid_upn(value: str) -> None:
    if not upn.is_valid(value):
        raise ValidationError(_("A UPN has 13 characters, and its first letter must match the others."))


class StudentQuerySet(models.QuerySet["Student"]):
    def for_user(self, user: User) -> StudentQuerySet:
        """Returns whole schools for office and integrators, and for teachers the students of groups that they teach."""
        access = user.access
        taught = user.lesson_staff.filter(lesson__group__enrolments__student=OuterRef("pk"))
        return self.filter(
            Q(school__in=access.whole_schools()) | Q(Exists(taught), school__in=access.schools(Role.TEACHER))
        )

    def enrolled(self, group_id: int, on: date) -> StudentQuerySet:
        """Returns a group's roster on a day, in the order of the register."""
        return self.filter(pk__in=Enrolment.objects.filter(group=group_id).on(on).values("student")).in_order()

    def on_roll(self, day: date) -> StudentQuerySet:
        left = Q(on_roll_until__isnull=True) | Q(on_roll_until__gte=day)
        return self.filter(left, on_roll_from__lte=day)

    def named(self, query: str) -> StudentQuerySet:
        """Returns the students whose legal, preferred or sort name matches (`lessons/names.py`)."""
        known = self.values_list("pk", "legal_name", "preferred_name", "sort_name")
        return self.filter(pk__in=[pk for pk, *called in known.iterator() if names.matches(query, *called)])

    def in_order(self) -> StudentQuerySet:
        return self.order_by("sort_name", "legal_name", "id")


class Student(SchoolRow, Owned):
    upn = models.CharField(_("UPN"), max_length=13, blank=True, validators=[valid_upn])
    legal_name = models.CharField(_("legal name"), max_length=200)
    preferred_name = models.CharField(_("preferred name"), max_length=200, blank=True)
    sort_name = models.CharField(
        _("sorted as"), max_length=200, blank=True, help_text=_("Where lists place the name, such as “Okafor, Ada”.")
    )
    year_group = models.SmallIntegerField(_("year group"), help_text=_("0 for Reception, −1 for Nursery."))
    on_roll_from = models.DateField(_("on roll from"))
    on_roll_until = models.DateField(_("on roll until"), null=True, blank=True)

    objects = StudentQuerySet.as_manager()

    class Meta:
        verbose_name = _("student")
        verbose_name_plural = _("students")
        ordering = ("sort_name", "legal_name", "id")
        constraints = (
            one_of_school(),
            one_per_source(),
            models.UniqueConstraint(
                fields=["school", "upn"],
                condition=~Q(upn=""),
                name="student_upn_once",
                violation_error_message=_("Another student of this school has this UPN."),
            ),
            models.CheckConstraint(
                condition=Q(year_group__gte=-2, year_group__lte=14), name="student_year_group_exists"
            ),
            models.CheckConstraint(
                condition=Q(on_roll_until__isnull=True) | Q(on_roll_until__gte=F("on_roll_from")),
                name="student_leaves_after_joining",
                violation_error_message=_("A student leaves after joining."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.preferred_name or self.legal_name


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def for_user(self, user: User) -> EnrolmentQuerySet:
        """Returns the enrolments in groups that the user sees."""
        return self.filter(group__in=Group.objects.for_user(user).values("pk"))

    def on(self, day: date | OuterRef) -> EnrolmentQuerySet:
        """Returns the enrolments that count on a day, of students on roll that day."""
        return self.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=day),
            Q(student__on_roll_until__isnull=True) | Q(student__on_roll_until__gte=day),
            starts_on__lte=day,
            student__on_roll_from__lte=day,
        )


class Enrolment(SchoolRow, Owned):
    """A student's time in a group, both days included. Once a register depends on it, it is ended and not deleted."""

    SAME_SCHOOL = ("student", "group")

    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="enrolments", verbose_name=_("student"))
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="enrolments", verbose_name=_("group"))
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"), null=True, blank=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering = ("-starts_on", "id")
        indexes = (models.Index(fields=["group", "starts_on"]),)
        constraints = (
            one_per_source(),
            models.UniqueConstraint(fields=["student", "group", "starts_on"], name="enrolment_once"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="enrolment_ends_after_start",
                violation_error_message=_("An enrolment ends after it started."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.student} – {self.group}"

    def spans(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)
