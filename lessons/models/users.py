"""Who signs in, and the roles that they hold."""

from __future__ import annotations

from functools import cached_property

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from lessons.models.base import Owned, one_per_source
from lessons.models.permissions import Access
from lessons.models.school import School
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
