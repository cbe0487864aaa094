"""What `lessons` asks of the app that keeps the reports, and tells it. Imports go one way, so `absences` adds itself
here when it starts (`absences/apps.py`)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lessons.models import Lesson


@dataclass(frozen=True, slots=True)
class Revoked:
    """Tokens that are no longer good: of one sign-in (`sid`) all of them, else what was issued until `at` to the user,
    or with `lesson_id` only the user's tickets for that lesson."""

    user_id: int
    at: datetime
    sid: str | None = None
    lesson_id: int | None = None


# Each raises StoreUnavailable when its store does not answer.
answers: list[Callable[[Collection[tuple[int, int]]], set[int]]] = []
settlers: list[Callable[[Sequence["Lesson"], datetime], None]] = []
deniers: list[Callable[[Collection[Revoked]], None]] = []


def reported(lessons: Collection[tuple[int, int]]) -> set[int]:
    """Ids of those of the lessons, given as (school, lesson), that anything was reported on."""
    return {lesson for answer in answers for lesson in answer(lessons)}


def settle(lessons: Sequence["Lesson"], now: datetime) -> None:
    """To be told after their cancellation has been committed: whatever was reported on these lessons, and still is, is
    kept as rejected. Safe to repeat."""
    for settler in settlers if lessons else ():
        settler(lessons, now)


def deny(revoked: Collection[Revoked]) -> None:
    """These tokens are to be refused where SQL is not asked. Safe to repeat."""
    for denier in deniers if revoked else ():
        denier(revoked)
