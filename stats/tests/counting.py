"""Counting registers by hand, from SQL rows and the statutory table of codes, without the product's code."""

from collections.abc import Iterable

from lessons.models import Register

SUMS = ("registers", "possible", "attended", "absent", "authorised", "unauthorised", "late")

ATTENDED = {"/", "L", "B", "K", "P", "V", "W"}
AUTHORISED = {"C", "C1", "C2", "E", "I", "J1", "M", "R", "S", "T"}
UNAUTHORISED = {"G", "N", "O", "U"}


def by_hand(registers: Iterable[Register]) -> dict[str, int]:
    """Returns the sums over the registers, with their amendments applied in order."""
    totals = dict.fromkeys(SUMS, 0)
    for register in registers:
        totals["registers"] += 1
        for code in _codes(register).values():
            totals["late"] += code == "L"
            totals["attended"] += code in ATTENDED
            totals["authorised"] += code in AUTHORISED
            totals["unauthorised"] += code in UNAUTHORISED
    totals["absent"] = totals["authorised"] + totals["unauthorised"]
    totals["possible"] = totals["attended"] + totals["absent"]
    return totals


def _codes(register: Register) -> dict[int, str | None]:
    """Returns each student's code, or None if the student is unmarked."""
    codes: dict[int, str | None] = {pk: None if pk in register.unstated else "/" for pk in register.roster}
    codes |= {mark.student_id: mark.code for mark in register.marks.all()}
    for change in sorted(register.amendments.all(), key=lambda change: change.pk):
        if change.kind == "void":
            codes = dict.fromkeys(codes)
        elif change.student_id is not None:
            codes[change.student_id] = change.to_code
    return codes
