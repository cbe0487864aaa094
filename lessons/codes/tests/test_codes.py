from collections import Counter
from datetime import date

import pytest

from lessons import codes
from lessons.codes import Kind, NoCodeSet, UnknownCode, code_set

ENGLAND = code_set("england", date(2026, 9, 14))


def test_every_class_has_its_codes() -> None:
    """SI 2024/208, regulation 10."""
    of = Counter(code.kind for code in ENGLAND.codes.values())
    assert of == {
        Kind.PRESENT: 2,
        Kind.APPROVED: 5,
        Kind.AUTHORISED: 10,
        Kind.UNAUTHORISED: 4,
        Kind.NOT_POSSIBLE: 10,
        Kind.NOT_COLLECTED: 2,
    }


@pytest.mark.parametrize("code", ["/", "\\"])
def test_both_strokes_are_present(code: str) -> None:
    assert code in ENGLAND
    assert ENGLAND.get(code).code == "/"


@pytest.mark.parametrize("code", ["", "n", "Y", "H", "J", "NN", "٣", " "])
def test_an_unknown_code_is_unknown(code: str) -> None:
    assert code not in ENGLAND
    with pytest.raises(UnknownCode):
        ENGLAND.get(code)


@pytest.mark.parametrize(("nation", "on"), [("england", date(2024, 8, 18)), ("narnia", date(2026, 9, 14))])
def test_there_is_no_set_before_the_law_or_elsewhere(nation: str, on: date) -> None:
    with pytest.raises(NoCodeSet):
        code_set(nation, on)


def test_the_set_begins_on_its_day() -> None:
    assert code_set("england", date(2024, 8, 19)) is ENGLAND


@pytest.mark.parametrize(
    ("code", "counted"),
    [
        ("V", {"possible": 1, "attended": 1, "absent": 0}),
        ("L", {"possible": 1, "attended": 1, "absent": 0, "late": 1}),
        ("I", {"possible": 1, "attended": 0, "absent": 1, "authorised": 1, "unauthorised": 0}),
        ("N", {"possible": 1, "attended": 0, "absent": 1, "authorised": 0, "unauthorised": 1}),
        ("U", {"possible": 1, "attended": 0, "absent": 1, "unauthorised": 1, "late": 0}),
        ("D", {"possible": 0, "attended": 0, "absent": 0, "not_possible": 1}),
        ("Z", {"possible": 0, "attended": 0, "absent": 0, "not_possible": 0}),
    ],
)
def test_a_code_counts_by_its_class(code: str, counted: dict[str, int]) -> None:
    assert counted.items() <= ENGLAND.count([code], expected=1, unstated=0).items()


def test_who_has_no_mark_is_present_unless_unstated() -> None:
    counts = ENGLAND.count(["N", "L"], expected=30, unstated=3)
    assert (counts["expected"], counts["unstated"], counts["attended"], counts["absent"]) == (30, 3, 26, 1)


def test_the_counts_add_up_to_the_roster() -> None:
    marks = list(ENGLAND.codes)
    counts = ENGLAND.count(marks, expected=60, unstated=4)
    not_collected = sum(ENGLAND.get(mark).kind == Kind.NOT_COLLECTED for mark in marks)
    assert counts["expected"] == counts["possible"] + counts["not_possible"] + counts["unstated"] + not_collected
    assert counts["possible"] == counts["attended"] + counts["authorised"] + counts["unauthorised"]


def test_an_empty_register_counts_nothing() -> None:
    assert set(ENGLAND.count([], expected=0, unstated=0).values()) == {0}


def test_arrivals_and_absences_are_codes_of_the_set() -> None:
    assert all(code in ENGLAND for code in {codes.ABSENT, *codes.ARRIVAL_CODES, *codes.PRESENT_CODES})
