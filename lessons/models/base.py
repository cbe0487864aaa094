"""Base classes shared by several tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lessons.json_types import Person

if TYPE_CHECKING:
    from lessons.models.users import User


class Owned(models.Model):
    """A row that another system of the school may own, under that system's own id."""

    source = models.CharField(_("source"), max_length=40, blank=True, help_text=_("The system that owns this entry."))
    external_id = models.CharField(_("external id"), max_length=100, blank=True, help_text=_("Its id in that system."))
    updated_at = models.DateTimeField(_("updated at"), auto_now=True, db_index=True)

    class Meta:
        abstract = True


def one_of_school() -> models.UniqueConstraint:
    """Returns the constraint on (id, school), so that a foreign key can name both (`lessons/database/rules.py`)."""
    return models.UniqueConstraint(fields=["id", "school"], name="%(class)s_of_school")


def one_per_source() -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=["school", "source", "external_id"],
        condition=~Q(external_id=""),
        name="%(class)s_one_per_source",
        violation_error_message=_("Another entry of this school has this external id."),
    )


class Signed(models.Model):
    """The author of a row, as they were at the time.

    Not a foreign key: the record outlives the account, and a user deleted between report and merge must not keep a
    register from being written.
    """

    by_id = models.BigIntegerField(_("by (user id)"), null=True)
    by_name = models.CharField(_("by"), max_length=200)
    by_position = models.CharField(_("position"), max_length=100, blank=True)

    class Meta:
        abstract = True

    @property
    def by(self) -> Person:
        return {"id": self.by_id, "name": self.by_name, "position": self.by_position}


def signature(user: User, school_id: int) -> dict[str, Any]:
    """Returns the fields of `Signed` for a user who acts in a school now. A superuser may do so without a position
    there."""
    acting = user.access.acting.get(school_id)
    return {"by_id": user.pk, "by_name": user.name, "by_position": acting.position if acting else ""}


class SchoolRow(models.Model):
    """A row of one school."""

    SAME_SCHOOL: ClassVar[tuple[str, ...]] = ()  # foreign keys that must stay within the school

    school = models.ForeignKey("lessons.School", on_delete=models.PROTECT, verbose_name=_("school"))

    class Meta:
        abstract = True


class Minutes(models.Func):
    """A column of minutes as a duration; Django's own arithmetic cannot multiply these on SQLite."""

    output_field = models.DurationField()
    template = "make_interval(mins => %(expressions)s)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s * 60000000)", **context)
