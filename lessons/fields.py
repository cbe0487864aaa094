"""Fields that take of JSON what they say, where the library's would turn numbers into text."""

import re
from typing import Any
from uuid import UUID

from rest_framework import serializers

from lessons.converters import MAX_ID


class Text(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Uuid(serializers.UUIDField):
    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value="")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """True or false; the library's takes “yes” and 1."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WholeNumber(serializers.IntegerField):
    """A JSON number without a fraction, or in a query its ASCII digits; the library's takes `٣`, `1_0` and 2.0."""

    WRITTEN = re.compile(r"-?(0|[1-9][0-9]{0,18})")

    def to_internal_value(self, data: Any) -> int:
        written = isinstance(data, str) and self.WRITTEN.fullmatch(data)
        if not written and (not isinstance(data, int) or isinstance(data, bool)):
            self.fail("invalid")
        return int(data)


class Id(WholeNumber):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **options)
