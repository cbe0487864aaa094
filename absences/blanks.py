"""Templates that are rendered once with blanks, kept, and filled in.

Of a page that every teacher opens at nine o'clock, nearly all is the same for everybody: thirty rows of pupils with the
same buttons, the bar at the top, the words for the script.
"""

import html
import re
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template.loader import get_template
from django.utils.safestring import SafeString
from django.utils.translation import get_language

KEPT = 1024  # forms, of all templates; each has about 2 kB
FIRST = 0xE000  # of the characters that no template has: those for private use


class Form:
    """A template in the language of now."""

    def __init__(self, name: str) -> None:
        self._name, self._language = name, get_language()
        self._make = _make.__wrapped__ if settings.DEBUG else _make

    def fill(self, kind: Mapping[str, Hashable], values: Mapping[str, Any]) -> SafeString:
        """What the template makes of both together, but for white space. `kind` is what it asks for; `values` are what
        it prints as they are, and nothing else: it can neither ask for them nor pass them through a filter."""
        form = self._make(self._name, self._language, tuple(kind.items()), tuple(values))
        return SafeString(form % {name: value and _escaped(value) for name, value in values.items()})


def _escaped(value: Any) -> str:
    """As Django's `conditional_escape`, which costs more, and a register has hundreds of these."""
    if isinstance(value, int):
        return str(value)
    return str(value.__html__()) if hasattr(value, "__html__") else html.escape(str(value))


@lru_cache(maxsize=KEPT)
def _make(name: str, _language: str, kind: tuple[tuple[str, Hashable], ...], blanks: tuple[str, ...]) -> str:
    """For the `%` of strings; of a language, which the template asks itself."""
    marks = {blank: chr(FIRST + place) for place, blank in enumerate(blanks)}
    text = re.sub(r"\s+", " ", get_template(name).render({**dict(kind), **marks})).replace("%", "%%")
    for blank, mark in marks.items():
        text = text.replace(mark, f"%({blank})s")
    return text
