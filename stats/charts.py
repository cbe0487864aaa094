"""Bars for SVG. Pure: a row of figures in, positions out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The parts of a bar from the left, each with its label. The style sheet gives each part a pattern too.
LEGEND: Mapping[str, Promise] = {
    "attended": _("Attended"),
    "authorised": _("Authorised absence"),
    "unauthorised": _("Unauthorised absence"),
}


@dataclass(frozen=True)
class Part:
    """A part of a bar: it begins at `x` and is `width` wide, both in per cent of the bar, formatted for SVG."""

    kind: str
    x: str
    width: str


@dataclass(frozen=True)
class Bar:
    """A row of the table with its parts. There are none if no attendance was possible."""

    row: Mapping[str, Any]
    parts: tuple[Part, ...]


def bar(row: Mapping[str, Any]) -> Bar:
    """Returns the bar of a row. Its `attended`, `authorised` and `unauthorised` add up to `possible`."""
    parts, before = [], 0
    for kind in LEGEND:
        if row[kind]:
            parts.append(Part(kind, _percent(before, row["possible"]), _percent(row[kind], row["possible"])))
        before += row[kind]
    return Bar(row, tuple(parts))


def _percent(part: int, whole: int) -> str:
    """Returns a percentage as SVG needs it, with a point in every language."""
    return f"{100 * part / whole:.2f}"
