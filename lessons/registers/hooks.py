"""Hooks by which `lessons` queries and informs the app that keeps the reports. Imports go one way, so `absences`
registers itself here when it starts (`absences/apps.py`)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lessons.models import Lesson


@dataclass(frozen=True, slots=True)
class Revoked:
    """Revoked tokens: with `sid`, all tokens of that sign-in; otherwise those issued to the user until `at`, or, with
    `lesson_id`, only the user's tickets for that lesson."""

    user_id: int
    at: datetime
    sid: str | None = None
    lesson_id: int | None = None


# Each raises StoreUnavailable if its store does not answer.
finders: list[Callable[[Collection[tuple[int, int]]], set[int]]] = []
cancellers: list[Callable[[Sequence["Lesson"], datetime], None]] = []
revokers: list[Callable[[Collection[Revoked]], None]] = []


def reported(lessons: Collection[tuple[int, int]]) -> set[int]:
    """Returns the ids of those lessons, given as (school, lesson), that have reports."""
    return {lesson for find in finders for lesson in find(lessons)}


def cancel(lessons: Sequence["Lesson"], now: datetime) -> None:
    """Keeps all reports on these lessons as rejected. Call it after their cancellation is committed. Safe to repeat."""
    for canceller in cancellers if lessons else ():
        canceller(lessons, now)


def revoke(revoked: Collection[Revoked]) -> None:
    """Makes doors without SQL refuse these tokens. Safe to repeat."""
    for revoker in revokers if revoked else ():
        revoker(revoked)
