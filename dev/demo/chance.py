"""Decides who is absent or late, and which registers are forgotten. Pure.

It depends only on student and date, so that a day is consistent across its lessons and every run gives the same result.
"""

from datetime import date
from random import Random

from lessons import codes

FORGOTTEN = 0.01  # of all lessons have no register
OFTEN = 1 / 12  # of students are absent about every third day, the others once a month: 7 % altogether
ABSENT = {True: 0.3, False: 0.05}
REASONS = {"I": 6, "M": 1, codes.ABSENT: 4}
HEARD = {"I": "A parent rang: unwell", "M": "Appointment card seen"}  # reasons that the office enters
LATER = 0.2  # of those reasons arrive only after the register is taken
LATE = {"AM": 0.03, "PM": 0.01, "": 0.01}


def is_forgotten(lesson: str) -> bool:
    return _dice(lesson).random() < FORGOTTEN


def code(day: date, lesson: str, session: str, student: int) -> tuple[str, int | None]:
    """Returns a student's code, with minutes if late. A student is absent for a day, late for this lesson, or
    present."""
    if reason := _reason(day, student):
        return (codes.ABSENT if heard_later(day, student) else reason), None
    here = _dice(f"{lesson} {student}")
    return (codes.LATE, here.randint(2, 11)) if here.random() < LATE[session] else (codes.PRESENT, None)


def heard_later(day: date, student: int) -> str | None:
    """Returns the code to which the office corrects that day's N, or None if it never does."""
    reason = _reason(day, student)
    return reason if reason in HEARD and _dice(f"heard {day} {student}").random() < LATER else None


def _reason(day: date, student: int) -> str | None:
    """Returns why a student is absent on a day, or None if present."""
    often = _dice(f"often {student}").random() < OFTEN
    dice = _dice(f"{day} {student}")
    if dice.random() >= ABSENT[often]:
        return None
    [reason] = dice.choices(list(REASONS), list(REASONS.values()))
    return reason


def _dice(about: str) -> Random:
    """Returns a random generator that is the same for the same subject in every run."""
    return Random(about)  # noqa: S311
