"""The attendance codes of each nation, and how they count. Pure: no store, and only translation from Django."""

from lessons.codes.code_set import (
    ABSENT,
    ARRIVAL_CODES,
    LATE,
    LATE_AFTER_CLOSING,
    MAX_MINUTES_LATE,
    PRESENT,
    PRESENT_CODES,
    Code,
    CodeSet,
    Counts,
    Kind,
    NoCodeSet,
    UnknownCode,
)
from lessons.codes.nations import CODE_SETS, code_set, title

__all__ = [
    "ABSENT",
    "ARRIVAL_CODES",
    "CODE_SETS",
    "LATE",
    "LATE_AFTER_CLOSING",
    "MAX_MINUTES_LATE",
    "PRESENT",
    "PRESENT_CODES",
    "Code",
    "CodeSet",
    "Counts",
    "Kind",
    "NoCodeSet",
    "UnknownCode",
    "code_set",
    "title",
]
