"""Path converters."""

from django.urls import register_converter

MAX_ID = 2**63 - 1


class IdConverter:
    """A database id: ASCII digits without a leading zero, at most 2^63 − 1. Anything else is no address of ours."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValueError
        return number

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(IdConverter, "id")
