from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from lessons.models.base import Owned, SchoolRow, one_of_school, one_per_source
from lessons.models.people import Student, User
from lessons.roles import Role


class GroupQuerySet(models.QuerySet["Group"]):
    def for_user(self, user: User) -> GroupQuerySet:
        """Office and integrators see the whole school, teachers the groups that they are staff of."""
        from lessons.models.timetable import LessonStaff

        taught = LessonStaff.objects.filter(user=user, lesson__group=OuterRef("pk"))
        return self.filter(
            Q(school__in=user.access.whole_schools()) | Q(Exists(taught), school__in=user.access.schools(Role.TEACHER))
        )


class Group(SchoolRow, Owned):
    """A class: those who are registered together."""

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


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def for_user(self, user: User) -> EnrolmentQuerySet:
        """Those in the groups that the user sees."""
        return self.filter(group__in=Group.objects.for_user(user).values("pk"))

    def on(self, day: date | OuterRef) -> EnrolmentQuerySet:
        """Those that count on a day, of students who are on roll that day."""
        return self.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=day),
            Q(student__on_roll_until__isnull=True) | Q(student__on_roll_until__gte=day),
            starts_on__lte=day,
            student__on_roll_from__lte=day,
        )


class Enrolment(SchoolRow, Owned):
    """A student's time in a group, both days included. Ended, not deleted, once a register stands on it."""

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

    @property
    def has_registers(self) -> bool:
        """Whether a register of the group was taken while this enrolment counted, or lists the student; the database
        keeps such an enrolment too (`lessons/database/rules.py`)."""
        from lessons.models.register import Register

        taken = Register.objects.filter(group=self.group_id).values_list("date", "roster")
        return any(self.counts_on(day) or self.student_id in roster for day, roster in taken.iterator())

    def counts_on(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)
