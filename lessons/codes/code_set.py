"""Codes, the classes in which they count, and the counts of a register.

Classes as in "Working together to improve school attendance" (DfE).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypedDict

from django.utils.functional import Promise

from lessons.errors import Conflict

PRESENT = "/"
PRESENT_CODES = frozenset({"/", "\\"})
ABSENT = "N"
LATE = "L"
LATE_AFTER_CLOSING = "U"
ARRIVAL_CODES = frozenset({LATE, LATE_AFTER_CLOSING})
MAX_MINUTES_LATE = 600


class Kind(StrEnum):
    """The statistical class of a code."""

    PRESENT = "present"
    APPROVED = "approved"
    AUTHORISED = "authorised"
    UNAUTHORISED = "unauthorised"
    NOT_POSSIBLE = "not_possible"
    NOT_COLLECTED = "not_collected"

    @property
    def attended(self) -> bool:
        return self in (Kind.PRESENT, Kind.APPROVED)


class UnknownCode(LookupError):
    """The nation's set on that day has no such code."""


class NoCodeSet(Conflict):
    """The nation has no known codes on that day."""


class Counts(TypedDict):
    """The counts of one register, in students.

    expected = possible + not_possible + unstated + those whose code is not collected; possible = attended + absent;
    absent = authorised + unauthorised. `late` counts the code `L`, and those are among the attended. Students of whom
    nobody said anything (`unstated`) are counted nowhere else.
    """

    expected: int
    unstated: int
    possible: int
    attended: int
    absent: int
    late: int
    authorised: int
    unauthorised: int
    not_possible: int


@dataclass(frozen=True, slots=True)
class Code:
    code: str
    title: Promise
    kind: Kind


@dataclass(frozen=True)
class CodeSet:
    """The codes of one nation from one day on, until `valid_to` (included) if that is known."""

    nation: str
    valid_from: date
    valid_to: date | None
    codes: Mapping[str, Code]

    def get(self, code: str) -> Code:
        """Returns the code; `\\` is treated as `/`. Raises UnknownCode."""
        try:
            return self.codes[PRESENT if code in PRESENT_CODES else code]
        except KeyError:
            raise UnknownCode(code) from None

    def __contains__(self, code: object) -> bool:
        return code in self.codes or code in PRESENT_CODES

    def count(self, marks: Iterable[str], *, expected: int, unstated: int) -> Counts:
        """Returns the counts of one register.

        `marks` are the codes of students who are neither simply present nor unmarked; `expected` is the size of the
        roster.
        """
        kinds = dict.fromkeys(Kind, 0)
        marked = late = 0
        for mark in marks:
            marked += 1
            late += mark == LATE
            kinds[self.get(mark).kind] += 1
        absent = kinds[Kind.AUTHORISED] + kinds[Kind.UNAUTHORISED]
        present = expected - unstated - marked
        attended = present + kinds[Kind.PRESENT] + kinds[Kind.APPROVED]
        return {
            "expected": expected,
            "unstated": unstated,
            "possible": attended + absent,
            "attended": attended,
            "absent": absent,
            "late": late,
            "authorised": kinds[Kind.AUTHORISED],
            "unauthorised": kinds[Kind.UNAUTHORISED],
            "not_possible": kinds[Kind.NOT_POSSIBLE],
        }


def of_kind(kind: Kind, titles: Mapping[str, Promise]) -> dict[str, Code]:
    """Returns the codes of one class, by code, from their titles."""
    return {code: Code(code, title, kind) for code, title in titles.items()}
