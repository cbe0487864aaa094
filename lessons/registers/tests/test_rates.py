"""Sums and rates of marks."""

from datetime import date

import pytest

from lessons import codes
from lessons.codes import Code
from lessons.registers.rates import Figures, best

ENGLAND = codes.code_set("england", date(2026, 9, 14))


def marks(text: str) -> list[Code | None]:
    """Returns codes; `?` is unmarked."""
    return [None if code == "?" else ENGLAND.get(code) for code in text.split()]


def of(text: str) -> Figures:
    return Figures.of(marks(text))


def test_each_class_counts_as_it_should() -> None:
    found = of("/ \\ L V I M N U X Y1 # ?")
    assert (found.possible, found.attended, found.absent) == (8, 4, 4)
    assert (found.authorised, found.unauthorised, found.late, found.after_closing) == (2, 2, 1, 1)
    assert (found.not_possible, found.unstated) == (3, 1)


def test_a_rate_is_a_sum_over_a_sum() -> None:
    found = of("/ / / N ? X")
    assert (found.attendance_rate, found.absence_rate, found.unauthorised_rate) == (0.75, 0.25, 0.25)
    assert found.authorised_rate == 0


@pytest.mark.parametrize("text", ["", "? ?", "X # Y4"])
def test_nothing_possible_is_no_rate(text: str) -> None:
    found = of(text)
    assert (found.attendance_rate, found.absence_rate, found.is_persistent) == (None, None, False)


@pytest.mark.parametrize(
    ("text", "persistent", "severe"),
    [
        ("/ " * 18 + "I I", True, False),
        ("/ " * 19 + "I", False, False),
        ("/ " * 10 + "I " * 5 + "N " * 5, True, True),
        ("/ " * 17 + "I I", False, False),  # 19 possible marks are too few
        ("/ " * 17 + "I I ? X", False, False),  # and marks that count nowhere do not add to them
    ],
)
def test_persistently_and_severely_absent(text: str, persistent: bool, severe: bool) -> None:
    assert (of(text).is_persistent, of(text).is_severe) == (persistent, severe)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("N /", "/"),
        ("L /", "/"),
        ("I V", "V"),
        ("N I", "I"),
        ("X O", "O"),
        ("# Y1", "Y1"),
        ("? #", "#"),
        ("? N", "N"),
        ("N L", "L"),
    ],
)
def test_the_best_mark_of_a_session(text: str, counts: str) -> None:
    for order in (marks(text), marks(text)[::-1]):
        found = best(order)
        assert found and found.code == counts


def test_unstated_everywhere_is_unstated() -> None:
    assert best(marks("? ?")) is None and best([]) is None
