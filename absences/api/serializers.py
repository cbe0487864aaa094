"""The input of the API, except reports, which `parse.py` reads for pages too."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from absences.registers.completion import Others
from lessons import codes
from lessons.api.fields import Id, Text, Uuid, WholeNumber
from lessons.api.serializers import DaysQuery, Input
from lessons.converters import IdConverter
from lessons.models import School
from lessons.models.timetable import LessonQuerySet

STATES = ("scheduled", "due", "overdue", "completed", "cancelled")
TODAY = "today"


@extend_schema_field({"anyOf": [{"type": "string", "format": "date"}, {"const": TODAY}]})
class Day(serializers.DateField):
    """A date, or `today`: the date at the school."""

    def to_internal_value(self, value: Any) -> Any:
        return value if value == TODAY else super().to_internal_value(value)


class LessonQuery(DaysQuery):
    """As every list of days, and `?date=&group=&teacher=&state=`"""

    date = Day(required=False)
    group = Id(required=False)
    teacher = serializers.CharField(required=False, trim_whitespace=False)
    state = serializers.ChoiceField(STATES, required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "with": serializers.ChoiceField(("marked",), required=False)}

    def validate_teacher(self, value: str) -> int:
        """`me`, or a user's id."""
        if value == "me":
            return int(self.context["user"].pk)
        try:
            return IdConverter.read(value)
        except ValueError as error:
            raise serializers.ValidationError(_("Give “me” or the id of a user.")) from error


class CompletionInput(Input):
    others = serializers.ChoiceField([each.value for each in Others], default=Others.PRESENT.value)
    roster_seen = serializers.ListField(child=Id(), required=False, max_length=1000)
    taken_at = serializers.DateTimeField(required=False, allow_null=True)
    request_id = Uuid(required=False, allow_null=True)


class ReasonInput(Input):
    reason = Text(max_length=500)


class AmendmentInput(ReasonInput):
    student_id = Id()
    code = Text(max_length=2)
    minutes_late = WholeNumber(required=False, allow_null=True, min_value=0, max_value=codes.MAX_MINUTES_LATE)
    expected_code = Text(required=False, allow_null=True, allow_blank=True, max_length=2)

    def validate_code(self, value: str) -> str:
        return codes.PRESENT if value in codes.PRESENT_CODES else value

    validate_expected_code = validate_code


class AmendmentsInput(Input):
    amendments = serializers.ListField(child=AmendmentInput(), min_length=1, max_length=200)


def lessons_matching(lessons: LessonQuerySet, query: dict[str, Any], schools: Sequence[School], now: datetime) -> Any:
    """Returns the lessons, with their state, that match a validated LessonQuery. `schools` are all schools that they
    may belong to: each has its own today.

    A lesson that was not taken on an earlier day is due as well, but nobody should mistake it for one of today. So
    `due` without days leaves such lessons out, and `overdue` finds them alone.
    """
    columns = {
        "date": "date",
        "from": "date__gte",
        "to": "date__lte",
        "group": "group",
        "teacher": "staff__user",
        "state": "state",
        "source": "source",
        "external_id": "external_id",
        "updated_since": "updated_at__gte",
    }
    given = dict(query)
    names_days = not given.keys().isdisjoint({"date", "from", "to"})
    if given.get("date") == TODAY:
        lessons = lessons.today(schools, now)
        del given["date"]
    if given.get("state") == "overdue":
        lessons = lessons.before_today(schools, now)
        given["state"] = "due"
    elif given.get("state") == "due" and not names_days:
        lessons = lessons.from_today(schools, now)
    return lessons.filter(**{columns[name]: value for name, value in given.items() if name in columns})
