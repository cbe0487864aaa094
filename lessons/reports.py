"""What `lessons` asks of the app that keeps the reports, and tells it. Imports go one way, so `absences` adds itself
here when it starts (`absences/apps.py`)."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lessons.models import Lesson

# Each raises StoreUnavailable when its store does not answer.
answers: list[Callable[[Collection[tuple[int, int]]], set[int]]] = []
settlers: list[Callable[[Sequence["Lesson"], datetime], None]] = []
deniers: list[Callable[[Collection[int], datetime], None]] = []


def reported(lessons: Collection[tuple[int, int]]) -> set[int]:
    """Ids of those of the lessons, given as (school, lesson), that anything was reported on."""
    return {lesson for answer in answers for lesson in answer(lessons)}


def settle(lessons: Sequence["Lesson"], now: datetime) -> None:
    """To be told after their cancellation has been committed: whatever was reported on these lessons, and still is, is
    kept as rejected. Safe to repeat."""
    for settler in settlers if lessons else ():
        settler(lessons, now)


def deny(users: Collection[int], now: datetime) -> None:
    """Whatever was signed for these users until now is to be refused, with SQL or without."""
    for denier in deniers:
        denier(users, now)
