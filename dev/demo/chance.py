"""Who is absent, late or forgotten. Pure.

Made up from student and date alone, so that a day makes sense through all its lessons and every run says the same.
"""

from datetime import date
from random import Random

from lessons import codes

FORGOTTEN = 0.01  # of all lessons: nobody ever took the register
OFTEN = 1 / 12  # of the students are absent on every third day or so, the others once a month: 7 % altogether
ABSENT = {True: 0.3, False: 0.05}
REASONS = {"I": 6, "M": 1, codes.ABSENT: 4}
HEARD = {"I": "A parent rang: unwell", "M": "Appointment card seen"}  # the reasons that the office gives
LATER = 0.2  # of those reasons come only when the register is taken
LATE = {"AM": 0.03, "PM": 0.01, "": 0.01}


def is_forgotten(lesson: str) -> bool:
    return _dice(lesson).random() < FORGOTTEN


def code(day: date, lesson: str, session: str, student: int) -> tuple[str, int | None]:
    """With the minutes, where late: somebody is absent for a day, or late for this lesson, or simply there."""
    if reason := _reason(day, student):
        return (codes.ABSENT if heard_later(day, student) else reason), None
    here = _dice(f"{lesson} {student}")
    return (codes.LATE, here.randint(2, 11)) if here.random() < LATE[session] else (codes.PRESENT, None)


def heard_later(day: date, student: int) -> str | None:
    """The code to which the office corrects that day's N, if it ever does."""
    reason = _reason(day, student)
    return reason if reason in HEARD and _dice(f"heard {day} {student}").random() < LATER else None


def _reason(day: date, student: int) -> str | None:
    """Why somebody is absent on a day; None for who is there."""
    often = _dice(f"often {student}").random() < OFTEN
    dice = _dice(f"{day} {student}")
    if dice.random() >= ABSENT[often]:
        return None
    [reason] = dice.choices(list(REASONS), list(REASONS.values()))
    return reason


def _dice(about: str) -> Random:
    """Falls alike for the same thing, in every run."""
    return Random(about)  # noqa: S311
