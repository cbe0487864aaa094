"""Fields that are strict about JSON types, where DRF's would convert numbers to text."""

import re
from datetime import time
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
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
    """True or false; DRF's also accepts “yes” and 1."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WholeNumber(serializers.IntegerField):
    """A JSON number without a fraction, or its ASCII digits in a query; DRF's also accepts `٣`, `1_0` and 2.0."""

    WRITTEN = re.compile(r"-?(0|[1-9][0-9]{0,18})")

    def to_internal_value(self, data: Any) -> int:
        written = isinstance(data, str) and self.WRITTEN.fullmatch(data)
        if not written and (not isinstance(data, int) or isinstance(data, bool)):
            self.fail("invalid")
        return int(data)


CLOCK = "([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9])?"


@extend_schema_field({"type": "string", "pattern": f"^{CLOCK}$"})
class Clock(serializers.TimeField):
    """A time on the school's clocks, such as 09:00 or 09:00:30. DRF's would be described as a time of RFC 3339, which
    has seconds and an offset."""

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%H:%M", "%H:%M:%S"], **options)

    def to_internal_value(self, value: Any) -> time:
        if not isinstance(value, str) or not re.fullmatch(CLOCK, value):
            self.fail("invalid", format="hh:mm[:ss]")
        return super().to_internal_value(value)


class Id(WholeNumber):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **options)
