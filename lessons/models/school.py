from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lessons import codes
from lessons.calendar.school_days import RESOLVED_WITHIN, SchoolDays
from lessons.models.base import Owned

if TYPE_CHECKING:
    from lessons.models.users import User


class Nation(models.TextChoices):
    ENGLAND = "england", _("England")
    SCOTLAND = "scotland", _("Scotland")
    WALES = "wales", _("Wales")
    NORTHERN_IRELAND = "northern_ireland", _("Northern Ireland")


def known_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(_("This time zone is not known; for example Europe/London."))


def known_nation(value: str) -> None:
    if value not in {codes_.nation for codes_ in codes.CODE_SETS}:
        raise ValidationError(_("The attendance codes of this nation are not supported yet."))


def teachers_codes(value: str) -> None:
    chosen = value.split()
    known = {code for codes_ in codes.CODE_SETS for code in codes_.codes}
    if unknown := [code for code in chosen if code not in known]:
        raise ValidationError(_("Unknown codes: %(codes)s"), params={"codes": " ".join(unknown)})
    if codes.ABSENT not in chosen:
        raise ValidationError(_("Teachers need N to report an absence."))


DEFAULT_REASONS = "\n".join(
    (
        "Marked by mistake",
        "Corrected during the lesson",
        "Seen elsewhere in school",
        "Message from the parent or carer",
        "Letter or evidence received",
    )
)


def short_lines(value: str) -> None:
    if not value.strip():
        raise ValidationError(_("At least one reason is needed."))
    if any(len(line) > 100 for line in value.splitlines()):
        raise ValidationError(_("A reason has at most 100 characters."))


class LocalAuthority(models.Model):
    code = models.CharField(_("code"), max_length=9, unique=True, help_text=_("DfE number, such as 383 for Leeds."))
    name = models.CharField(_("name"), max_length=100)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("local authority")
        verbose_name_plural = _("local authorities")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class SchoolQuerySet(models.QuerySet["School"]):
    def for_user(self, user: User) -> SchoolQuerySet:
        return self.filter(pk__in=user.access.schools())


class School(Owned):
    name = models.CharField(_("name"), max_length=200)
    urn = models.CharField(
        _("URN"),
        max_length=6,
        unique=True,
        validators=[RegexValidator(r"^[1-9][0-9]{5}$", _("A URN has six digits."))],
        help_text=_("Unique reference number, six digits."),
    )
    nation = models.CharField(
        _("nation"), max_length=20, choices=Nation.choices, default=Nation.ENGLAND, validators=[known_nation]
    )
    local_authority = models.ForeignKey(LocalAuthority, on_delete=models.PROTECT, verbose_name=_("local authority"))
    time_zone = models.CharField(_("time zone"), max_length=50, default="Europe/London", validators=[known_zone])
    opening_minutes = models.PositiveSmallIntegerField(
        _("opening minutes"),
        default=60,
        validators=[MaxValueValidator(24 * 60)],
        help_text=_("A register opens for taking this long before the lesson starts."),
    )
    closing_minutes = models.PositiveSmallIntegerField(
        _("closing minutes"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
        help_text=_("A register stays open this long after the lesson started; by law at most 30 minutes."),
    )
    amendment_window = models.PositiveSmallIntegerField(
        _("amendment window"),
        default=0,
        help_text=_("For how many days after the lesson's own day teachers may still amend."),
    )
    office_amendment_window = models.PositiveSmallIntegerField(
        _("office's amendment window"),
        null=True,
        blank=True,
        help_text=_("For how many days after the lesson's own day the office may still amend; empty for ever."),
    )
    amendment_reasons = models.TextField(
        _("reasons for amendments"),
        default=DEFAULT_REASONS,
        validators=[short_lines],
        help_text=_("What people choose from when they correct a register, one a line; they may add to it."),
    )
    open_cover = models.BooleanField(
        _("open cover"), default=True, help_text=_("Any teacher may take any lesson due today, as cover.")
    )
    teacher_codes = models.CharField(
        _("teachers' codes"),
        max_length=200,
        default="N L U",
        validators=[teachers_codes],
        help_text=_("The codes that teachers may use besides present, separated by spaces."),
    )

    objects = SchoolQuerySet.as_manager()

    class Meta:
        verbose_name = _("school")
        verbose_name_plural = _("schools")
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=Q(closing_minutes__gte=1, closing_minutes__lte=30), name="school_closes_within_30_minutes"
            ),
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="school_one_per_source"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def user_name_ending(self) -> str:
        """Returns the ending of user names that this school's admins give."""
        return f"@{self.urn}"

    @property
    def reasons(self) -> list[str]:
        """Returns the reasons offered for an amendment."""
        return [line.strip() for line in self.amendment_reasons.splitlines() if line.strip()]

    def school_days(self, first: date, today: date) -> SchoolDays:
        """Returns the school days from `first`, and as many after today as an absence of today may stay open."""
        dates = self.lesson_set.scheduled().filter(date__week_day__in=range(2, 7))
        days = dates.order_by("date").values_list("date", flat=True).distinct()
        past, coming = days.filter(date__range=(first, today)), days.filter(date__gt=today)[:RESOLVED_WITHIN]
        return SchoolDays((*past, *coming), today)
