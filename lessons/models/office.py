"""What a school's office records beside the registers: calls, the front desk, notices.

Contacts and desk entries explain a register: they are kept for as long as the record itself, 6 years, and nothing
deletes them before it is purged (`database/purge.py`). A notice is deleted 30 days after it is done, and a reminder
when nobody needs it (`database/expiry.py`): the register shows the outcome.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lessons.models.base import SchoolRow, Signed
from lessons.models.people import Student
from lessons.models.timetable import Lesson

if TYPE_CHECKING:
    from lessons.models.users import User


class Contact(SchoolRow, Signed):
    """One try to find out from a pupil's family why the pupil is absent, on a day."""

    SAME_SCHOOL = ("student",)

    class Outcome(models.TextChoices):
        REACHED = "reached", _("Reached: the reason is known")
        PROMISED = "promised", _("Reached: they find out")
        MESSAGE = "message", _("Message left")
        NO_ANSWER = "no_answer", _("No answer")
        WRONG_NUMBER = "wrong_number", _("Wrong number")

    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="contacts", verbose_name=_("student"))
    date = models.DateField(_("day of the absence"))
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome.choices)
    note = models.CharField(_("note"), max_length=500, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("at", "id")
        indexes = (models.Index(fields=["school", "date"]),)

    def __str__(self) -> str:
        return f"{self.student}: {self.get_outcome_display()}"


class DeskEntry(SchoolRow, Signed):
    """A pupil who came in late, or left early, at the front desk."""

    SAME_SCHOOL = ("student",)

    class Direction(models.TextChoices):
        IN = "in", _("Signed in")
        OUT = "out", _("Signed out")

    student = models.ForeignKey(
        Student, on_delete=models.PROTECT, related_name="desk_entries", verbose_name=_("student")
    )
    date = models.DateField(_("day"))
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    at = models.DateTimeField(_("at"))
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("front desk entry")
        verbose_name_plural = _("front desk entries")
        ordering = ("at", "id")
        indexes = (models.Index(fields=["school", "date"]),)

    def __str__(self) -> str:
        return f"{self.student}: {self.get_direction_display()}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def for_user(self, user: User) -> NoticeQuerySet:
        """Returns the user's notices, and the office's if the user is one of it."""
        access = user.access
        return self.filter(Q(to=user, school__in=access.schools()) | Q(to__isnull=True, school__in=access.offices()))

    def to_office(self, school_id: int) -> NoticeQuerySet:
        return self.filter(school=school_id, to__isnull=True)

    def open(self) -> NoticeQuerySet:
        """Returns notices that are neither done nor needless."""
        return self.filter(~self._needless(), done_at__isnull=True)

    def needless(self) -> NoticeQuerySet:
        """Returns reminders that nobody needs any more: the register is taken, or the lesson cancelled."""
        return self.filter(self._needless(), done_at__isnull=True)

    @staticmethod
    def _needless() -> Q:
        over = Q(lesson__register__isnull=False) | Q(lesson__status=Lesson.Status.CANCELLED)
        return Q(over, kind=Notice.Kind.REMINDER)


class Notice(SchoolRow, Signed):
    """A message within the product: a reminder to a lesson's teacher, or, with `to` null, a teacher's message to the
    office about somebody in the room who is not on the roster."""

    SAME_SCHOOL = ("lesson", "student")

    class Kind(models.TextChoices):
        REMINDER = "reminder", _("Please take this register")
        SOMEONE_ELSE = "someone_else", _("Somebody is in the room who is not on the roster")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="notices", verbose_name=_("lesson"))
    to = models.ForeignKey(
        "lessons.User", on_delete=models.CASCADE, null=True, related_name="notices", verbose_name=_("to")
    )
    student = models.ForeignKey(
        Student, on_delete=models.CASCADE, null=True, related_name="notices", verbose_name=_("student")
    )
    text = models.CharField(_("text"), max_length=200, blank=True)
    made_at = models.DateTimeField(_("made at"))
    done_at = models.DateTimeField(_("done at"), null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("made_at", "id")
        indexes = (
            models.Index(fields=["school", "made_at"], condition=Q(done_at__isnull=True), name="notice_open"),
            models.Index(fields=["done_at"], condition=Q(done_at__isnull=False), name="notice_done"),  # for the expiry
        )
        constraints = (
            models.UniqueConstraint(
                fields=["lesson", "to"], condition=Q(kind="reminder", done_at__isnull=True), name="notice_reminds_once"
            ),
        )

    def __str__(self) -> str:
        return self.get_kind_display()

    def done(self, now: datetime) -> None:
        """Marks the notice as done; only the first time counts."""
        self.done_at = self.done_at or now
        self.save(update_fields=["done_at"])
