"""The state of a register: its first marks with its amendments applied. Pure, given the rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lessons import codes
from lessons.json_types import Person
from lessons.models import Amendment, Mark, Register


@dataclass(frozen=True, slots=True)
class Entry:
    """One student's current code, by whom and since when: `reported_at` by the reporter's clock, `arrived_at` by
    ours."""

    student_id: int
    code: str
    minutes_late: int | None
    note: str
    by: Person
    reported_at: datetime
    arrived_at: datetime
    report_id: UUID | None
    amended: bool = False


@dataclass(frozen=True)
class RegisterState:
    """The state of a register. `marks` are by student id; a student on the roster without a mark, and not in
    `unstated`, was present.

    `amended_at` is when its last amendment arrived.
    """

    roster: tuple[int, ...]
    unstated: frozenset[int]
    marks: dict[int, Entry]
    counts: codes.Counts
    amended_at: datetime | None

    def code_of(self, student_id: int) -> str | None:
        """Returns `/` for present, None for unmarked."""
        if mark := self.marks.get(student_id):
            return mark.code
        return None if student_id in self.unstated else codes.PRESENT

    def minutes_of(self, student_id: int) -> int | None:
        mark = self.marks.get(student_id)
        return mark.minutes_late if mark else None


def state_of(
    register: Register,
    *,
    nation: str,
    marks: Iterable[Mark] | None = None,
    amendments: Iterable[Amendment] | None = None,
    at: datetime | None = None,
) -> RegisterState:
    """Returns the register's current state, or its state at a time: two queries if the rows are not given."""
    entries = {m.student_id: _marked(m) for m in (register.marks.all() if marks is None else marks)}
    unstated = set(register.unstated)
    arrived = []
    for amendment in register.amendments.all() if amendments is None else amendments:
        if at is None or amendment.arrived_at <= at:
            _apply(amendment, register.roster, entries, unstated)
            arrived.append(amendment.arrived_at)
    return RegisterState(
        roster=tuple(register.roster),
        unstated=frozenset(unstated),
        marks=entries,
        counts=codes.code_set(nation, register.date).count(
            (entry.code for entry in entries.values()), expected=len(register.roster), unstated=len(unstated)
        ),
        amended_at=max(arrived, default=None),
    )


def _marked(mark: Mark) -> Entry:
    return Entry(
        mark.student_id,
        mark.code,
        mark.minutes_late,
        mark.note,
        mark.by,
        mark.reported_at,
        mark.arrived_at,
        mark.report_id,
    )


def _apply(amendment: Amendment, roster: Iterable[int], entries: dict[int, Entry], unstated: set[int]) -> None:
    student_id = amendment.student_id
    if student_id is None or amendment.to_code is None:  # a void
        entries.clear()
        unstated.update(roster)
        return
    unstated.discard(student_id)
    entries.pop(student_id, None)
    if amendment.to_code != codes.PRESENT:
        entries[student_id] = Entry(
            student_id,
            amendment.to_code,
            amendment.to_minutes_late,
            "",
            amendment.by,
            amendment.happened_at,
            amendment.arrived_at,
            amendment.report_id,
            amended=True,
        )
