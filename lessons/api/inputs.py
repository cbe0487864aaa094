"""Bodies of the bulk addresses: `{"source": ..., "students": [{"external_id": ..., ...}]}`.

A field that is left out keeps its current value; in a new row it gets its default.
"""

from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers

from lessons.api.fields import Clock, Flag, Text, WholeNumber
from lessons.api.serializers import Input
from lessons.models import Lesson, Session, StaffKind
from lessons.models.people import valid_upn

MAX_ITEMS = 500
MAX_STAFF = 20

YEARS: dict[str, Any] = {"min_value": -2, "max_value": 14}


class Item(Input):
    external_id = Text(max_length=100)


class StudentItem(Item):
    upn = Text(required=False, allow_blank=True, validators=[valid_upn])
    legal_name = Text(max_length=200)
    preferred_name = Text(required=False, allow_blank=True, max_length=200)
    sort_name = Text(required=False, allow_blank=True, max_length=200)
    year_group = WholeNumber(**YEARS)
    on_roll_from = serializers.DateField()
    on_roll_until = serializers.DateField(required=False, allow_null=True)


class GroupItem(Item):
    name = Text(max_length=100)
    year_group = WholeNumber(required=False, allow_null=True, **YEARS)


class EnrolmentItem(Item):
    """An enrolment; student and group are given by external id."""

    student = Text(max_length=100)
    group = Text(max_length=100)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(required=False, allow_null=True)


class StaffItem(Input):
    """A member of staff. `user` is the external id of one of their roles in the school."""

    user = Text(max_length=100)
    kind = serializers.ChoiceField(StaffKind.choices, default=StaffKind.TEACHER.value)


class LessonItem(Item):
    """A lesson. Times are local to the school. `staff` lists everybody except cover teachers, with the main teacher
    first."""

    group = Text(max_length=100)
    subject = Text(required=False, allow_blank=True, max_length=100)
    room = Text(required=False, allow_blank=True, max_length=50)
    date = serializers.DateField()
    start_time = Clock()
    end_time = Clock()
    session = serializers.ChoiceField(Session.choices, required=False, allow_blank=True, allow_null=True)
    status = serializers.ChoiceField(Lesson.Status.choices, required=False)
    staff = serializers.ListField(child=StaffItem(), required=False, max_length=MAX_STAFF)

    def validate_session(self, value: str | None) -> str:
        return value or ""

    def validate_date(self, value: Any) -> Any:
        if not 2000 <= value.year <= 2100:  # far enough from the ends of the calendar for arithmetic with times
            raise serializers.ValidationError("Give a date between 2000 and 2100.")
        return value


class PlannedAbsenceItem(Item):
    """A planned absence; the student is given by external id, times are local to the school. If `cancelled`, no other
    field is needed."""

    NEEDED = ("student", "first_day", "last_day", "code")

    student = Text(required=False, max_length=100)
    first_day = serializers.DateField(required=False)
    last_day = serializers.DateField(required=False)
    from_time = Clock(required=False, allow_null=True)
    until_time = Clock(required=False, allow_null=True)
    code = Text(required=False, max_length=2)
    reason = Text(required=False, allow_blank=True, max_length=200)
    cancelled = Flag(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [] if attrs.get("cancelled") else [name for name in self.NEEDED if name not in attrs]
        if missing:
            said = serializers.ErrorDetail(gettext("This field is required."), code="required")
            raise serializers.ValidationError({name: [said] for name in missing})
        return attrs


class Put(Input):
    """The whole body. `source` names the system that owns the rows."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `source` has another meaning in a serializer's body.
        return {**super().get_fields(), "source": Text(max_length=40)}


def _items(item: type[Item]) -> Any:
    return serializers.ListField(child=item(), min_length=1, max_length=MAX_ITEMS)


class StudentsPut(Put):
    students = _items(StudentItem)


class GroupsPut(Put):
    groups = _items(GroupItem)


class EnrolmentsPut(Put):
    enrolments = _items(EnrolmentItem)


class LessonsPut(Put):
    lessons = _items(LessonItem)


class PlannedAbsencesPut(Put):
    planned_absences = _items(PlannedAbsenceItem)
