"""Templates that are rendered once with blanks, cached, and filled in.

Most of a page that every teacher opens at nine o'clock is the same for everybody: thirty rows of pupils with the same
buttons, the bar at the top, the texts for the script.
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

KEPT = 1024  # templates; most have one or two kB
FIRST = 0xE000  # the first of the characters that no template contains: those for private use


class FilledTemplate:
    """A rendered template with `blanks` for values. The template may only print these: it cannot test or filter
    them."""

    def __init__(self, name: str, kind: Mapping[str, Hashable], blanks: Iterable[str]) -> None:
        marks = {blank: chr(FIRST + place) for place, blank in enumerate(blanks)}
        text = re.sub(r"\s+", " ", get_template(name).render({**kind, **marks})).replace("%", "%%")
        for blank, mark in marks.items():
            text = text.replace(mark, f"%({blank})s")
        self._text = text

    def fill(self, values: Mapping[str, Any]) -> SafeString:
        """Returns the same as the template with both kind and values, except for white space."""
        return SafeString(self._text % {name: value and _escaped(value) for name, value in values.items()})


def fill(name: str, kind: Mapping[str, Hashable], values: Mapping[str, Any]) -> SafeString:
    """Fills in a cached template. The cache's key includes everything else that templates depend on."""
    return _form(name, get_language(), get_script_prefix(), tuple(kind.items()), tuple(values)).fill(values)


@lru_cache(maxsize=KEPT)
def _form(
    name: str, _language: str, _prefix: str, kind: tuple[tuple[str, Hashable], ...], blanks: tuple[str, ...]
) -> FilledTemplate:
    return FilledTemplate(name, dict(kind), blanks)


def _escaped(value: Any) -> str:
    """Escapes like Django's `conditional_escape`, but faster: a register has hundreds of values."""
    if isinstance(value, int):
        return str(value)
    return str(value.__html__()) if hasattr(value, "__html__") else html.escape(str(value))
