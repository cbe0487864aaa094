"""Reporting absences: verified claims and checked reports in, stored marks out. Knows no HTTP and no SQL.

Every door (the API, the page, later the intake) calls `report`.
"""

from collections.abc import Sequence
from datetime import datetime

from absences.reporting.parse import Report
from absences.reporting.tickets import Claims
from absences.store import sheets
from absences.store.mongo import Document
from absences.store.sheets import Key, Stored
from absences.store.times import as_stored
from lessons.errors import FieldError, InvalidInput, NotFound, StandingMark, Unprocessable

__all__ = ["Report", "report", "report_one", "sheet"]


def report(claims: Claims, lesson_id: int, reports: Sequence[Report], now: datetime) -> list[Stored]:
    """Stores the reports, in their order; all are acknowledged by a majority when this returns.

    Raises NotFound (a ticket of another lesson), Unprocessable (a student off the ticket's roster, or a report_id that
    stands for something else) before anything is written, Conflict, and StoreUnavailable (repeating is safe).
    """
    key = _key(claims, lesson_id)
    if claims.roster is not None:
        strangers = [
            FieldError(f"/absences/{index}/student_id", "not_on_roster", "Not on the roster of this lesson.")
            for index, each in enumerate(reports)
            if each.student_id not in claims.roster
        ]
        if strangers:
            raise Unprocessable(strangers)
    return sheets.store(key, reports, claims.by, as_stored(now))


def report_one(claims: Claims, lesson_id: int, one: Report, now: datetime) -> Stored:
    """As `report`; raises StandingMark where `replaces` was given and somebody else's mark stands there."""
    try:
        [stored] = report(claims, lesson_id, [one], now)
    except InvalidInput as error:
        raise error.without("/absences/0") from None
    if stored.state == "conflict":
        raise StandingMark("Somebody else has marked this student in the meantime.", stored.mark)
    return stored


def sheet(claims: Claims, lesson_id: int) -> Document | None:
    """What was reported so far. Raises as `report`."""
    return sheets.read(_key(claims, lesson_id))


def _key(claims: Claims, lesson_id: int) -> Key:
    if claims.lesson_id not in (None, lesson_id):
        raise NotFound("This ticket is for another lesson.")
    return Key(claims.school_id, lesson_id)
