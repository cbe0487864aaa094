from __future__ import annotations

from datetime import date
from functools import cached_property

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from lessons import names, upn
from lessons.models.base import Owned, SchoolRow, one_of_school, one_per_source
from lessons.models.permissions import Access
from lessons.models.school import School
from lessons.models.sessions import DatabaseSid, new_sid
from lessons.prepared import prepared
from lessons.roles import Role
from lessons.usernames import UserNameField


class User(AbstractUser):
    """Somebody who signs in. One name, never split; what they may do stands in their memberships."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    username = UserNameField(
        _("user name"),
        max_length=150,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        help_text=_("At most 150 letters, digits and @ . + - _. Capitals do not matter."),
        error_messages={"unique": _("This user name is taken.")},
    )
    name = models.CharField(_("name"), max_length=200)

    REQUIRED_FIELDS = ["email", "name"]  # noqa: RUF012

    # The schools that this request is about: all of the user's, or with a token the one that it is for.
    acting_schools: frozenset[int] | None = None

    class Meta(AbstractUser.Meta):
        constraints = (  # also against what is written past the field, by hand in SQL
            models.UniqueConstraint(
                Lower("username"), name="user_username_once", violation_error_message=_("This user name is taken.")
            ),
        )

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @cached_property
    def access(self) -> Access:
        """What this user may do; one query at most for as long as this object lives."""
        return Access.of(self)

    @cached_property
    def held_memberships(self) -> list[Membership]:
        """All of them, with their schools, in the order in which they were given."""
        return _memberships(self.pk)

    @classmethod
    def with_memberships(cls, user_id: int) -> User | None:
        """In one statement, unless there are none."""
        held = _memberships(user_id)
        if not held:
            return next(iter(_users(user_id)), None)
        user = held[0].user
        user.held_memberships = held
        return user


class Membership(Owned):
    """One role of one person in one school; an operator's is national and has no school."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user"))
    school = models.ForeignKey(
        School, on_delete=models.PROTECT, null=True, blank=True, related_name="memberships", verbose_name=_("school")
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    position = models.CharField(
        _("position"), max_length=100, blank=True, help_text=_("Stands beside the name in every register.")
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("id",)
        constraints = (
            one_per_source(),
            models.UniqueConstraint(fields=["user", "school", "role"], name="membership_once"),
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(school__isnull=True), name="membership_national_once"
            ),
            models.CheckConstraint(
                condition=Q(role=Role.OPERATOR, school__isnull=True)
                | (~Q(role=Role.OPERATOR) & Q(school__isnull=False)),
                name="membership_operator_is_national",
                violation_error_message=_("An operator is national and has no school; every other role has one."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"


@prepared
def _memberships(user_id: int) -> models.QuerySet[Membership]:
    return Membership.objects.filter(user=user_id).select_related("school", "user").order_by("id")


@prepared
def _users(user_id: int) -> models.QuerySet[User]:
    return User.objects.filter(pk=user_id)


class RefreshToken(models.Model):
    """The refresh token of one sign-in, and of whatever it was exchanged for: the one that is good now. Only hashes of
    its ids are kept, never the token; deleting the row revokes it, and every access token and ticket that carries its
    `sid`."""

    family = models.CharField(max_length=64, unique=True)
    sid = models.CharField(max_length=16, unique=True, default=new_sid, db_default=DatabaseSid(), editable=False)
    jti = models.CharField(max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="refresh_tokens")
    school = models.ForeignKey(School, on_delete=models.CASCADE, null=True)
    standing = models.CharField(max_length=64)  # of the user when it was issued (`authentication.standing`)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class Revocation(models.Model):
    """Tokens that must die wherever they are verified without SQL: with `sid` those of one sign-in, with `lesson_id`
    the user's tickets for that lesson, else everything issued to the user so far.

    The database writes these rows itself (`rules.py`); they go once the reporting doors have been told
    (`revoking.py`). A sign-in would have ended at `expires_at` anyway; `noticed_at` is set where the doors could not
    be told at once.
    """

    user_id = models.BigIntegerField()
    sid = models.CharField(max_length=16, null=True)
    lesson_id = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField(null=True)
    noticed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("revocation")
        verbose_name_plural = _("revocations")

    def __str__(self) -> str:
        return str(self.user_id)


def valid_upn(value: str) -> None:
    if not upn.is_valid(value):
        raise ValidationError(_("A UPN has 13 characters, and its first letter must match the others."))


class StudentQuerySet(models.QuerySet["Student"]):
    def for_user(self, user: User) -> StudentQuerySet:
        """Office and integrators see the whole school, teachers the students of groups that they are staff of."""
        from lessons.models.timetable import LessonStaff

        access = user.access
        taught = LessonStaff.objects.filter(user=user, lesson__group__enrolments__student=OuterRef("pk"))
        return self.filter(
            Q(school__in=access.whole_schools()) | Q(Exists(taught), school__in=access.schools(Role.TEACHER))
        )

    def enrolled(self, group_id: int, on: date) -> StudentQuerySet:
        """On the roster of a group on a day, in the order of the register."""
        from lessons.models.groups import Enrolment

        return self.filter(pk__in=Enrolment.objects.filter(group=group_id).on(on).values("student")).in_order()

    def on_roll(self, day: date) -> StudentQuerySet:
        left = Q(on_roll_until__isnull=True) | Q(on_roll_until__gte=day)
        return self.filter(left, on_roll_from__lte=day)

    def named(self, query: str) -> StudentQuerySet:
        """Those whom a name finds (`lessons/names.py`), by what they are called, by law or in lists."""
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
