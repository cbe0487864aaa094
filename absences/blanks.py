"""Templates that are rendered once with blanks, kept, and filled in.

Of a page that every teacher opens at nine o'clock, nearly all is the same for everybody: thirty rows of pupils with the
same buttons, the bar at the top, the words for the script.
"""

import html
import re
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

from django.template import Context, Template
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

KEPT = 1024  # forms, of all templates; each has about 2 kB
FIRST = 0xE000  # of the characters that no template has: those for private use


class Form:
    """A template in the language of now."""

    def __init__(self, name: str) -> None:
        self._template = get_template(name).template  # type: ignore[attr-defined]
        self._language = get_language()

    def fill(self, kind: Mapping[str, Hashable], values: Mapping[str, Any]) -> SafeString:
        """What the template makes of both together, but for white space. `kind` is what it asks for; `values` are what
        it prints as they are, and nothing else: it can neither ask for them nor pass them through a filter."""
        form = _form(self._template, self._language, tuple(kind.items()), tuple(values))
        return mark_safe(form % {name: _escaped(value) for name, value in values.items()})  # noqa: S308


def _escaped(value: Any) -> str:
    """As Django's `conditional_escape`, which costs more; a register has three hundred of these, most of them empty."""
    if value == "":
        return ""
    return str(value.__html__()) if hasattr(value, "__html__") else html.escape(str(value))


@lru_cache(maxsize=KEPT)
def _form(template: Template, _language: str, kind: tuple[tuple[str, Hashable], ...], blanks: tuple[str, ...]) -> str:
    """For the `%` of strings. A template that was changed is another one, and so is a language."""
    marks = {name: chr(FIRST + place) for place, name in enumerate(blanks)}
    text = re.sub(r"\s+", " ", template.render(Context({**dict(kind), **marks}))).replace("%", "%%")
    for name, mark in marks.items():
        text = text.replace(mark, f"%({name})s")
    return text
