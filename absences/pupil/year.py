"""The figures of a pupil's school year. Pure, given the rows (`reading.py`)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property
from typing import NamedTuple

from lessons import codes
from lessons.codes import Code
from lessons.models import Amendment, Mark, Session
from lessons.registers.rates import Figures, best

Slot = tuple[date, str]  # a day and its statutory session
SHOWN = 5  # lessons most missed


class Lesson(NamedTuple):
    """One of the pupil's lessons, as the page names it."""

    pk: int
    date: date
    start_time: time
    session: str
    subject: str
    group_id: int
    group: str

    @property
    def title(self) -> str:
        return self.subject or (str(Session(self.session).label) if self.session else "")


class Entry(NamedTuple):
    """A register that lists the pupil. `code` is the current mark, None for unmarked. `mark` is the first entry if it
    was an exception; `by_name` and `by_position` are those of the person who took the register."""

    lesson: Lesson
    code: Code | None
    minutes_late: int | None
    first_code: str | None
    mark: Mark | None
    amendments: Sequence[Amendment]
    by_name: str
    by_position: str

    @property
    def is_plain(self) -> bool:
        """Returns whether the entry is present, and never amended."""
        return not self.amendments and self.code is not None and self.code.code == codes.PRESENT

    @property
    def letter(self) -> str | None:
        return self.code.code if self.code else None


@dataclass(frozen=True)
class Missed:
    """How much of a group's subject was missed."""

    group: str
    title: str
    figures: Figures


@dataclass(frozen=True)
class Coverage:
    taken: int
    due: int


@dataclass(frozen=True)
class SchoolYear:
    """A school year. `entries` are in the order of lessons; `untaken` are lessons that are due and have no register;
    `until` is the last day covered. `open_days` are those on which the pupil had no lesson but somebody in the school
    had; empty if this user may not see all lessons of the pupil."""

    year: int
    first: date
    last: date
    until: date
    entries: Sequence[Entry]
    untaken: Sequence[Lesson]
    open_days: frozenset[date]

    @cached_property
    def claims(self) -> dict[Slot, list[Entry]]:
        """Returns the entries of each session: one, unless the timetable is wrong."""
        found: dict[Slot, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            if entry.lesson.session:
                found[entry.lesson.date, entry.lesson.session].append(entry)
        return dict(found)

    @cached_property
    def sessions(self) -> dict[Slot, Code | None]:
        """Returns the mark that counts in each session."""
        return {slot: best(entry.code for entry in entries) for slot, entries in self.claims.items()}

    @cached_property
    def untaken_sessions(self) -> frozenset[Slot]:
        due = {(lesson.date, lesson.session) for lesson in self.untaken if lesson.session}
        return frozenset(due - self.claims.keys())

    @property
    def overlaps(self) -> int:
        """Returns the number of sessions with more than one register."""
        return sum(len(entries) > 1 for entries in self.claims.values())

    @property
    def has_sessions(self) -> bool:
        return bool(self.claims or self.untaken_sessions)

    @cached_property
    def by_session(self) -> Figures:
        return Figures.of(self.sessions.values())

    @cached_property
    def by_lesson(self) -> Figures:
        return Figures.of(entry.code for entry in self.entries)

    @property
    def session_coverage(self) -> Coverage:
        return Coverage(len(self.claims), len(self.claims) + len(self.untaken_sessions))

    @property
    def lesson_coverage(self) -> Coverage:
        return Coverage(len(self.entries), len(self.entries) + len(self.untaken))

    @property
    def exceptions(self) -> list[Entry]:
        """Returns all entries that are not simply present, or were amended, newest first."""
        return [entry for entry in reversed(self.entries) if not entry.is_plain]

    @property
    def unexplained(self) -> list[Entry]:
        """Returns the entries whose current mark is N, oldest first."""
        return [entry for entry in self.entries if entry.letter == codes.ABSENT]

    @property
    def codes(self) -> list[tuple[Code, int, int]]:
        """Returns each code that occurs, in the order of the classes, with its number of sessions and lessons."""
        sessions, lessons = Counter(self.sessions.values()), Counter(entry.code for entry in self.entries)
        known = [code for code in lessons if code]
        order = tuple(codes.Kind)
        known.sort(key=lambda code: (order.index(code.kind), code.code))
        return [(code, sessions[code], lessons[code]) for code in known]

    @property
    def most_missed(self) -> list[Missed]:
        """Returns the subjects most missed; sessions have figures of their own."""
        of: dict[tuple[int, str], list[Entry]] = defaultdict(list)
        for entry in self.entries:
            if entry.lesson.subject or not entry.lesson.session:
                of[entry.lesson.group_id, entry.lesson.subject].append(entry)
        return _most_missed(of.values())[:SHOWN]


def _most_missed(lessons: Iterable[Sequence[Entry]]) -> list[Missed]:
    """Returns subjects with absences, most missed first; of equal numbers, the larger share first."""
    found = [
        Missed(entries[-1].lesson.group, entries[-1].lesson.title, Figures.of(entry.code for entry in entries))
        for entries in lessons
    ]
    missed = [each for each in found if each.figures.absent]
    return sorted(missed, key=lambda each: (-each.figures.absent, each.figures.possible, each.group, each.title))
