from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from lessons import codes
from lessons.api.fields import Id, Text
from lessons.errors import escaped
from lessons.models import Enrolment, Group, PlannedAbsence, School, Student
from lessons.models.permissions import Access


class Input(serializers.Serializer[Any]):
    """A body of the API. Unknown fields are refused, so that nothing sent is silently ignored and nothing is set by
    accident."""

    also_known: ClassVar[frozenset[str]] = frozenset()  # to another reader of the same query
    unknown = _("There is no such field.")

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) - self.also_known if isinstance(data, Mapping) else ()
        if unknown:
            error = [serializers.ErrorDetail(str(self.unknown), code="unknown_field")]
            raise serializers.ValidationError({escaped(name): error for name in sorted(unknown)})
        return super().to_internal_value(data)


class CredentialsInput(Input):
    """A person's sign-in."""

    username = Text(max_length=150)
    password = Text(max_length=4096, trim_whitespace=False)
    school = Id(required=False, allow_null=True)


class ClientCredentialsInput(Input):
    """Another system's sign-in."""

    client_id = Text(max_length=40)
    client_secret = Text(max_length=200, trim_whitespace=False)


class RefreshInput(Input):
    refresh = Text(max_length=4096)


class Query(Input):
    """The parameters of a list. Unknown ones are refused: a misspelt filter would otherwise return everything."""

    also_known = frozenset({"cursor", "page_size"})  # read by `pagination.py`
    unknown = _("There is no such parameter.")


class ListQuery(Query):
    """`?updated_since=&source=&external_id=`"""

    updated_since = serializers.DateTimeField(required=False)
    external_id = serializers.CharField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `source` has another meaning in a serializer's body.
        return {**super().get_fields(), "source": serializers.CharField(required=False)}


class DaysQuery(ListQuery):
    """The parameters of every list, and `?from=&to=`, both included."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), **{name: serializers.DateField(required=False) for name in ("from", "to")}}


class PlannedAbsenceQuery(DaysQuery):
    """The parameters of a list of days, and `?student=`."""

    student = Id(required=False)


class SchoolSerializer(serializers.ModelSerializer[School]):
    class Meta:
        model = School
        fields = ("id", "name", "urn", "nation", "local_authority", "time_zone", "source", "external_id", "updated_at")

    local_authority = serializers.CharField(source="local_authority.name")


class GroupSerializer(serializers.ModelSerializer[Group]):
    class Meta:
        model = Group
        fields = ("id", "school_id", "name", "year_group", "source", "external_id", "updated_at")


class StudentSerializer(serializers.ModelSerializer[Student]):
    """A student. The context holds the reader's `access`: the UPN is empty for those who may not read it."""

    class Meta:
        model = Student
        fields = (
            "id",
            "school_id",
            "upn",
            "name",
            "legal_name",
            "preferred_name",
            "year_group",
            "on_roll_from",
            "on_roll_until",
            "source",
            "external_id",
            "updated_at",
        )

    upn = serializers.SerializerMethodField()

    def get_upn(self, student: Student) -> str:
        return cast(Access, self.context["access"]).upn_of(student)


class EnrolmentSerializer(serializers.ModelSerializer[Enrolment]):
    class Meta:
        model = Enrolment
        fields = (
            *("id", "school_id", "student_id", "group_id", "starts_on", "ends_on"),
            *("source", "external_id", "updated_at"),
        )


class PlannedAbsenceSerializer(serializers.ModelSerializer[PlannedAbsence]):
    """A planned absence. The context holds the reader's `access`: the reason is empty for those who may not read it."""

    class Meta:
        model = PlannedAbsence
        fields = (
            *("id", "school_id", "student_id", "first_day", "last_day", "from_time", "until_time", "code", "title"),
            *("reason", "by", "made_at", "source", "external_id", "updated_at"),
        )

    title = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()

    def get_title(self, plan: PlannedAbsence) -> str:
        return codes.title(plan.code)

    def get_reason(self, plan: PlannedAbsence) -> str:
        return cast(Access, self.context["access"]).reason_of(plan)
