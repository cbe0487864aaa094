"""Bars as SVG draws them. Pure: a row of figures in, positions out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What a bar is made of, from the left, each with its word; the style sheet gives every part its own pattern too.
LEGEND: Mapping[str, Promise] = {
    "attended": _("Attended"),
    "authorised": _("Authorised absence"),
    "unauthorised": _("Unauthorised absence"),
}


@dataclass(frozen=True)
class Part:
    """From `x` on, `width` wide, both in per cent of the bar and written as SVG wants them."""

    kind: str
    x: str
    width: str


@dataclass(frozen=True)
class Bar:
    """A row of the table with its parts; none where nothing was possible."""

    row: Mapping[str, Any]
    parts: tuple[Part, ...]


def bar(row: Mapping[str, Any]) -> Bar:
    """`row` has the sums `possible`, `attended`, `authorised` and `unauthorised`, the last three making the first."""
    parts, before = [], 0
    for kind in LEGEND:
        if row[kind]:
            parts.append(Part(kind, _percent(before, row["possible"]), _percent(row[kind], row["possible"])))
        before += row[kind]
    return Bar(row, tuple(parts))


def _percent(part: int, whole: int) -> str:
    """Never in the reader's language: SVG knows points only."""
    return f"{100 * part / whole:.2f}"
