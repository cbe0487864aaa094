from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from lessons.models.base import SchoolRow, Signed
from lessons.models.groups import Group
from lessons.models.people import Enrolment, Student
from lessons.models.school import School
from lessons.models.timetable import Lesson, LessonStaff, Session
from lessons.roles import Role

if TYPE_CHECKING:
    from lessons.models.users import User


class RegisterQuerySet(models.QuerySet["Register"]):
    def for_user(self, user: User) -> RegisterQuerySet:
        """Returns the whole school's registers for office and integrators, and for teachers those of lessons that they
        are staff of."""
        staffed = LessonStaff.objects.filter(user=user, lesson=OuterRef("pk"))
        return self.filter(
            Q(school__in=user.access.whole_schools()) | Q(Exists(staffed), school__in=user.access.schools(Role.TEACHER))
        )

    def of_student(self, student: Student) -> RegisterQuerySet:
        """Returns registers of the groups that the student was ever enrolled in. The roster decides: `student.pk in
        register.roster`."""
        return self.filter(group__in=Group.objects.filter(enrolments__student=student))

    def on_enrolment(self, enrolment: Enrolment) -> bool:
        """Returns whether a register of the group was taken during this enrolment, or lists the student. The database
        keeps such an enrolment too (`database/rules.py`)."""
        taken = self.filter(group=enrolment.group_id).values_list("date", "roster")
        return any(enrolment.spans(day) or enrolment.student_id in roster for day, roster in taken.iterator())

    def lagging(self) -> RegisterQuerySet:
        """Returns registers with amendments that the sheet has not acknowledged yet."""
        return self.filter(projected_rev__lt=F("rev"))


class Register(SchoolRow, Signed):
    """The record of one lesson as it was completed. Changes are amendments; only the revisions move.

    `completion_id` is the intent that it was made from, and `merged_rev` the sheet's revision. `merged_late_rev` is the
    revision of the merged late reports, as counted by the sheet whose intent is `late_completion_id`; that differs from
    its own only if its own was lost. `rev` counts the changes since, `projected_rev` those that the sheet has
    acknowledged.
    """

    SAME_SCHOOL = ("lesson", "group")
    MOVING = frozenset({"rev", "merged_late_rev", "late_completion_id", "projected_rev", "updated_at"})

    lesson = models.OneToOneField(Lesson, on_delete=models.PROTECT, primary_key=True, verbose_name=_("lesson"))
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="registers", verbose_name=_("group"))
    date = models.DateField(_("date"))
    session = models.CharField(_("session"), max_length=2, choices=Session.choices, blank=True)
    school_year = models.PositiveSmallIntegerField(_("school year"))
    completed_at = models.DateTimeField(_("completed at"), help_text=_("When the server accepted the completion."))
    taken_at = models.DateTimeField(
        _("taken at"), help_text=_("When it was really taken, on a device without network.")
    )
    source = models.CharField(_("source"), max_length=20)
    roster = models.JSONField(_("roster"), help_text=_("Ids of the students who were enrolled at that moment."))
    unstated = models.JSONField(_("unstated"), help_text=_("Those of them of whom nobody said anything."))
    counts = models.JSONField(_("counts"), help_text=_("As first taken, before amendments."))
    feed_number = models.BigIntegerField(_("number in the feed"))
    completion_id = models.UUIDField(default=uuid.uuid4)
    rev = models.PositiveIntegerField(default=0)
    merged_rev = models.PositiveIntegerField()
    merged_late_rev = models.PositiveIntegerField(default=0)
    late_completion_id = models.UUIDField(null=True)
    projected_rev = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = RegisterQuerySet.as_manager()

    class Meta:
        verbose_name = _("register")
        verbose_name_plural = _("registers")
        ordering = ("-date", "-completed_at")
        indexes = (
            models.Index(fields=["school", "date"]),
            models.Index(fields=["group", "date"]),
            models.Index(fields=["lesson"], condition=Q(projected_rev__lt=F("rev")), name="register_lagging"),
        )
        constraints = (
            models.UniqueConstraint(fields=["lesson", "school"], name="register_of_school"),
            models.UniqueConstraint(fields=["school", "feed_number"], name="register_feed_number_once"),
        )

    def __str__(self) -> str:
        return str(self.lesson)


class MarkQuerySet(models.QuerySet["Mark"]):
    def current(self, code: str) -> MarkQuerySet:
        """Returns marks with this code that were not amended since."""
        since = Amendment.objects.filter(register=OuterRef("register")).about(OuterRef("student"))
        return self.filter(~Exists(since), code=code)


class Mark(SchoolRow, Signed):
    """An exception in a register as first taken: one student's code. A student without one, and not unmarked, was
    present."""

    SAME_SCHOOL = ("register", "student")

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="marks", verbose_name=_("register"))
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="marks", verbose_name=_("student"))
    school_year = models.PositiveSmallIntegerField(_("school year"))
    code = models.CharField(_("code"), max_length=2)
    minutes_late = models.PositiveSmallIntegerField(_("minutes late"), null=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    reported_at = models.DateTimeField(_("reported at"), help_text=_("By the clock of whoever reported."))
    arrived_at = models.DateTimeField(_("arrived at"), help_text=_("When the server accepted it."))
    report_id = models.UUIDField(_("report"), default=uuid.uuid4)

    objects = MarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=["register", "student"], name="mark_once"),)

    def __str__(self) -> str:
        return f"{self.student}: {self.code}"


class RejectedReport(SchoolRow, Signed):
    """A report that was acknowledged but could not be merged, with the reason; `student_id` need not exist."""

    SAME_SCHOOL = ("lesson",)

    class Reason(models.TextChoices):
        NOT_ON_ROSTER = "not_on_roster", _("Not on the roster")
        UNKNOWN_CODE = "unknown_code", _("Unknown code")
        UNKNOWN_STUDENT = "unknown_student", _("Unknown student")
        NOT_PERMITTED = "not_permitted", _("Not permitted")
        LESSON_CANCELLED = "lesson_cancelled", _("The lesson was cancelled")
        SUPERSEDED_BY_AMENDMENT = "superseded_by_amendment", _("Amended by a person in the meantime")
        TOO_LATE = "too_late", _("Beyond the school's window")

    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="rejected", verbose_name=_("lesson"))
    student_id = models.BigIntegerField(_("student id"))
    school_year = models.PositiveSmallIntegerField(_("school year"))
    code = models.CharField(_("code"), max_length=2)
    minutes_late = models.PositiveSmallIntegerField(_("minutes late"), null=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    reason = models.CharField(_("reason"), max_length=30, choices=Reason.choices)
    reported_at = models.DateTimeField(_("reported at"), help_text=_("By the clock of whoever reported."))
    arrived_at = models.DateTimeField(_("arrived at"), help_text=_("When the server accepted it."))
    report_id = models.UUIDField(_("report"))
    feed_number = models.BigIntegerField(_("number in the feed"))

    class Meta:
        verbose_name = _("rejected report")
        verbose_name_plural = _("rejected reports")
        ordering = ("id",)
        indexes = (models.Index(fields=["school", "feed_number"]),)
        constraints = (
            models.UniqueConstraint(fields=["lesson", "student_id", "report_id"], name="rejected_report_once"),
        )

    def __str__(self) -> str:
        return f"{self.code}: {self.get_reason_display()}"


class AmendmentQuerySet(models.QuerySet["Amendment"]):
    def about(self, student: OuterRef) -> AmendmentQuerySet:
        """Returns the amendments that concern a student: by name, or a void, which concerns everyone."""
        return self.filter(Q(student=student) | Q(student=None))

    def current(self, code: str) -> AmendmentQuerySet:
        """Returns amendments to this code that were not amended since."""
        since = Amendment.objects.filter(register=OuterRef("register"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(since.about(OuterRef("student"))), to_code=code)


class Amendment(SchoolRow, Signed):
    """One appended change to a register. In `from_code` and `to_code`, `/` is present and null is unmarked.

    A void names no student: from then on everyone is unmarked, until the register is taken again.
    """

    SAME_SCHOOL = ("register", "student")

    class Kind(models.TextChoices):
        CORRECTION = "correction", _("Correction")
        ARRIVAL = "arrival", _("Arrival")
        LATE_REPORT = "late_report", _("Late report")
        VOID = "void", _("Void")

    register = models.ForeignKey(
        Register, on_delete=models.PROTECT, related_name="amendments", verbose_name=_("register")
    )
    rev = models.PositiveIntegerField(_("revision"), help_text=_("The register's revision that this made."))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    student = models.ForeignKey(
        Student, on_delete=models.PROTECT, null=True, related_name="amendments", verbose_name=_("student")
    )
    school_year = models.PositiveSmallIntegerField(_("school year"))
    from_code = models.CharField(_("from"), max_length=2, null=True)
    from_minutes_late = models.PositiveSmallIntegerField(_("minutes late before"), null=True)
    to_code = models.CharField(_("to"), max_length=2, null=True)
    to_minutes_late = models.PositiveSmallIntegerField(_("minutes late"), null=True)
    reason = models.CharField(_("reason"), max_length=500)
    happened_at = models.DateTimeField(_("happened at"), help_text=_("When it was said, on a device or a page."))
    arrived_at = models.DateTimeField(_("arrived at"), help_text=_("When the server accepted it."))
    source = models.CharField(_("source"), max_length=20)
    report_id = models.UUIDField(_("report"), null=True)
    feed_number = models.BigIntegerField(_("number in the feed"))

    objects = AmendmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("amendment")
        verbose_name_plural = _("amendments")
        ordering = ("id",)
        indexes = (models.Index(fields=["school", "feed_number"]),)
        constraints = (
            models.UniqueConstraint(fields=["register", "student", "report_id"], name="amendment_once_per_report"),
            models.CheckConstraint(
                condition=(Q(kind="void", student__isnull=True, to_code__isnull=True))
                | (~Q(kind="void") & Q(student__isnull=False, to_code__isnull=False)),
                name="amendment_names_its_student",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="amendment_has_a_reason"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.from_code or '–'} → {self.to_code or '–'}"


class FeedCounter(models.Model):
    """The last number of a school's change feed. The transaction that takes a number locks it, so that numbers are
    committed in order and the feed has no gaps."""

    school = models.OneToOneField(School, on_delete=models.PROTECT, primary_key=True)
    last_number = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("feed counter")
        verbose_name_plural = _("feed counters")

    def __str__(self) -> str:
        return str(self.last_number)


class PurgePermit(models.Model):
    """A permit to remove something from the record (`lessons/database/purge.py`): the database allows it while the
    transaction holds one. It is gone when the transaction ends, so no other transaction ever sees it."""

    reason = models.CharField(_("reason"), max_length=500)

    class Meta:
        verbose_name = _("purge permit")
        verbose_name_plural = _("purge permits")

    def __str__(self) -> str:
        return self.reason
