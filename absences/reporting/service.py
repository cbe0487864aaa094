"""Reporting absences: takes verified claims and checked reports, and returns stored marks. Knows no HTTP and no SQL.

The API and the pages call `report`.
"""

from collections.abc import Sequence
from datetime import datetime

from absences.reporting.tickets import Claims
from absences.store import reports as store
from absences.store import sheets
from absences.store.documents import Sheet
from absences.store.reports import Report, Stored
from absences.store.sheets import Key
from absences.store.times import as_stored
from lessons.errors import FieldError, InvalidInput, NotFound, Unprocessable


def report(claims: Claims, lesson_id: int, reports: Sequence[Report], now: datetime) -> list[Stored]:
    """Stores the reports and returns the result of each, in their order, once a majority has acknowledged them.

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
    return store.store(key, reports, claims.by, as_stored(now))


def report_one(claims: Claims, lesson_id: int, one: Report, now: datetime) -> Stored:
    """As `report`, with the pointers of errors for a body that holds one report."""
    try:
        [stored] = report(claims, lesson_id, [one], now)
    except InvalidInput as error:
        raise error.without("/absences/0") from None
    return stored


def sheet(claims: Claims, lesson_id: int) -> Sheet | None:
    """Returns the sheet, with what was reported so far. Raises as `report`."""
    return sheets.read(_key(claims, lesson_id))


def _key(claims: Claims, lesson_id: int) -> Key:
    if claims.lesson_id not in (None, lesson_id):
        raise NotFound("This ticket is for another lesson.")
    return Key(claims.school_id, lesson_id)
