from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from lessons.api.fields import Id, Text
from lessons.errors import escaped


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
