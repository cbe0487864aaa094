"""Every pair of colours that meet, light and dark: WCAG 2.2, 1.4.3 for text and 1.4.11 for edges."""

import re
from itertools import product
from pathlib import Path

import pytest

from absences import apps

CSS = (Path(apps.__file__).parent / "static/absences/attendance.css").read_text()
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in re.findall(r":root \{(.*?)\}", CSS, re.S))
PALETTES = {"light": LIGHT, "dark": LIGHT | DARK}

TEXT = [
    *product(("ink", "quiet", "accent", "present", "absent", "late"), ("paper", "card", "wash")),
    *product(("ink", "accent"), ("notice",)),
    *product(("card",), ("present", "absent", "late", "quiet", "accent")),  # a chosen button
    ("on-accent", "accent"),
    ("card", "absent"),
]
# The focus ring is a ring of ink beside a ring of --focus: the former contrasts with the surroundings.
EDGES = list(product(("ink", "edge", "quiet", "accent", "present", "absent"), ("paper", "card")))


def luminance(colour: str) -> float:
    """Returns the relative luminance, from 0 to 1."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_it_is_computed_as_defined() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("look", PALETTES)
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (EDGES, 3)], ids=["text", "edges"])
def test_colours_can_be_told_apart(look: str, pairs: list[tuple[str, str]], least: float) -> None:
    colours = PALETTES[look]
    found = {f"{one} on {other}": contrast(colours[one], colours[other]) for one, other in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < least} == {}
