"""The attendance codes of a nation, and how they count. Pure: no store, and of Django the translation alone.

England: School Attendance (Pupil Registration) (England) Regulations 2024 (SI 2024/208), in force 19 August 2024.
Rates and classes as in "Working together to improve school attendance" (DfE).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

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
    """No such code in this nation's set on that day."""


class NoCodeSet(Conflict):
    """No set of codes is known for this nation on that day."""


@dataclass(frozen=True, slots=True)
class Code:
    code: str
    title: Promise
    kind: Kind


@dataclass(frozen=True)
class CodeSet:
    """The codes of one nation from one day on, until `valid_to` (inclusive) if that is known."""

    nation: str
    valid_from: date
    valid_to: date | None
    codes: Mapping[str, Code]

    def get(self, code: str) -> Code:
        """The code; `\\` is given as `/`. Raises UnknownCode."""
        try:
            return self.codes[PRESENT if code in PRESENT_CODES else code]
        except KeyError:
            raise UnknownCode(code) from None

    def __contains__(self, code: object) -> bool:
        return code in self.codes or code in PRESENT_CODES

    def count(self, marks: Iterable[str], *, expected: int, unstated: int) -> dict[str, int]:
        """The counts of one register.

        `marks` are the codes that stand for students who are neither simply present nor unstated, `expected` the size
        of the roster. expected = possible + not_possible + not_collected + unstated; possible = attended + absent.
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


def code_set(nation: str, on: date) -> CodeSet:
    """The codes in force in a nation on a day. Raises NoCodeSet."""
    for codes in CODE_SETS:
        if codes.nation == nation and codes.valid_from <= on and (codes.valid_to is None or on <= codes.valid_to):
            return codes
    text = gettext("No attendance codes are known for %(nation)s on %(day)s.")
    raise NoCodeSet(text % {"nation": nation, "day": on})


def title(code: str) -> str:
    """What a code means, in the newest set that knows it; the code itself where none does."""
    return next((str(known.codes[code].title) for known in reversed(CODE_SETS) if code in known.codes), code)


def _codes(kind: Kind, titles: Mapping[str, Promise]) -> dict[str, Code]:
    return {code: Code(code, title, kind) for code, title in titles.items()}


ENGLAND_2024 = CodeSet(
    nation="england",
    valid_from=date(2024, 8, 19),
    valid_to=None,
    codes={
        **_codes(Kind.PRESENT, {"/": _("Present"), "L": _("Late, before the register closed")}),
        **_codes(
            Kind.APPROVED,
            {
                "K": _("Education provision arranged by the local authority"),
                "V": _("Educational visit or trip"),
                "P": _("Sporting activity"),
                "W": _("Work experience"),
                "B": _("Any other approved educational activity"),
            },
        ),
        **_codes(
            Kind.AUTHORISED,
            {
                "C": _("Exceptional circumstances"),
                "C1": _("Regulated performance or employment abroad"),
                "C2": _("Temporary part-time timetable"),
                "E": _("Suspended or permanently excluded"),
                "I": _("Illness"),
                "J1": _("Interview"),
                "M": _("Medical or dental appointment"),
                "R": _("Religious observance"),
                "S": _("Study leave"),
                "T": _("Parent travelling for occupational purposes"),
            },
        ),
        **_codes(
            Kind.UNAUTHORISED,
            {
                "G": _("Holiday not granted by the school"),
                "N": _("Reason not yet established"),
                "O": _("Other or unknown circumstances"),
                "U": _("Arrived after the register closed"),
            },
        ),
        **_codes(
            Kind.NOT_POSSIBLE,
            {
                "D": _("Dual registered at another school"),
                "Q": _("No access arrangements by the local authority"),
                "X": _("Non-compulsory-age pupil not required to attend"),
                "Y1": _("Transport normally provided not available"),
                "Y2": _("Widespread disruption to travel"),
                "Y3": _("Part of the school premises closed"),
                "Y4": _("Whole school site unexpectedly closed"),
                "Y5": _("Criminal justice detention"),
                "Y6": _("Public health guidance or law"),
                "Y7": _("Any other unavoidable cause"),
            },
        ),
        **_codes(
            Kind.NOT_COLLECTED,
            {"Z": _("Prospective pupil not on the register"), "#": _("Planned whole-school closure")},
        ),
    },
)

CODE_SETS = (ENGLAND_2024,)
