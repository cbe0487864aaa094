"""What the bulk addresses take: `{"source": ..., "students": [{"external_id": ..., ...}]}`.

A field that is left out keeps what stands; a new row gets its default.
"""

from typing import Any

from rest_framework import serializers

from lessons.fields import Text, WholeNumber
from lessons.models import Lesson, Session, StaffKind
from lessons.models.people import valid_upn
from lessons.serializers import Input

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
    """Student and group by their external ids."""

    student = Text(max_length=100)
    group = Text(max_length=100)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(required=False, allow_null=True)


class StaffItem(Input):
    """`user` is the external id of one of the person's roles in the school."""

    user = Text(max_length=100)
    kind = serializers.ChoiceField(StaffKind.choices, default=StaffKind.TEACHER.value)


class LessonItem(Item):
    """Times are the school's wall clock. `staff` is everyone but who came as cover; the first teacher comes first."""

    group = Text(max_length=100)
    subject = Text(required=False, allow_blank=True, max_length=100)
    room = Text(required=False, allow_blank=True, max_length=50)
    date = serializers.DateField()
    start_time = serializers.TimeField(input_formats=["%H:%M", "%H:%M:%S"])
    end_time = serializers.TimeField(input_formats=["%H:%M", "%H:%M:%S"])
    session = serializers.ChoiceField(Session.choices, required=False, allow_blank=True, allow_null=True)
    status = serializers.ChoiceField(Lesson.Status.choices, required=False)
    staff = serializers.ListField(child=StaffItem(), required=False, max_length=MAX_STAFF)

    def validate_session(self, value: str | None) -> str:
        return value or ""

    def validate_date(self, value: Any) -> Any:
        if not 2000 <= value.year <= 2100:  # far enough from the ends of the calendar for every sum with times
            raise serializers.ValidationError("Give a date between 2000 and 2100.")
        return value


class Put(Input):
    """The whole body. `source` names the system that owns the rows."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `source` means something of its own in the body of a serializer.
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
