"""Templates that are rendered once with blanks, kept, and filled in.

Of a page that every teacher opens at nine o'clock, nearly all is the same for everybody: thirty rows of pupils with the
same buttons, the bar at the top, the words for the script.
"""

import html
import re
from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.template.loader import get_template
from django.urls import get_script_prefix
from django.utils.safestring import SafeString
from django.utils.translation import get_language

KEPT = 1024  # forms; most have one or two kB
FIRST = 0xE000  # of the characters that no template has: those for private use


class FilledTemplate:
    """What a template says of one kind, with `blanks`: values that it prints as they are, and nothing else. It can
    neither ask for them nor pass them through a filter."""

    def __init__(self, name: str, kind: Mapping[str, Hashable], blanks: Iterable[str]) -> None:
        marks = {blank: chr(FIRST + place) for place, blank in enumerate(blanks)}
        text = re.sub(r"\s+", " ", get_template(name).render({**kind, **marks})).replace("%", "%%")
        for blank, mark in marks.items():
            text = text.replace(mark, f"%({blank})s")
        self._text = text

    def fill(self, values: Mapping[str, Any]) -> SafeString:
        """What the template makes of kind and values together, but for white space."""
        return SafeString(self._text % {name: value and _escaped(value) for name, value in values.items()})


def fill(name: str, kind: Mapping[str, Hashable], values: Mapping[str, Any]) -> SafeString:
    """The template's form of a kind, kept by what templates ask besides, and filled in."""
    return _form(name, get_language(), get_script_prefix(), tuple(kind.items()), tuple(values)).fill(values)


@lru_cache(maxsize=KEPT)
def _form(
    name: str, _language: str, _prefix: str, kind: tuple[tuple[str, Hashable], ...], blanks: tuple[str, ...]
) -> FilledTemplate:
    return FilledTemplate(name, dict(kind), blanks)


def _escaped(value: Any) -> str:
    """As Django's `conditional_escape`, which costs more, and a register has hundreds of these."""
    if isinstance(value, int):
        return str(value)
    return str(value.__html__()) if hasattr(value, "__html__") else html.escape(str(value))
