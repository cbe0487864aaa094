"""Path converters."""

import re

from django.urls import register_converter

MAX_ID = 2**63 - 1


class IdConverter:
    """A database id: ASCII digits without a leading zero, at most 2^63 − 1. Any other value does not match."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        return self.read(value)

    @classmethod
    def read(cls, value: str) -> int:
        """Returns the id. Raises ValueError."""
        if not re.fullmatch(cls.regex, value) or (number := int(value)) > MAX_ID:
            raise ValueError("not an id")
        return number

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(IdConverter, "id")
