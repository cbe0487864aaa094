"""A model of what the sheet and the register of one lesson must hold. It has no store, no step that can fail, and no
races."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from absences.store.reports import UNSET, Report

Entry = tuple[str | None, int | None]  # a code and the minutes late
PRESENT: Entry = ("/", None)
UNSTATED: Entry = (None, None)
FOR_OFFICE = "I"  # not a teacher's code: a report with it is rejected


@dataclass(frozen=True)
class Said:
    """One accepted report and when it was made; `number` is its place among all of them."""

    student: int
    code: str
    minutes: int | None
    by: int
    report_id: UUID
    at: datetime
    number: int
    state: str

    @property
    def content(self) -> tuple[str, int | None, int]:
        return self.code, self.minutes, self.by


@dataclass(frozen=True, eq=False)
class Intent:
    """What a completer states: of the students whom nobody reported, those in `present` were there."""

    by: int
    at: datetime
    present: frozenset[int]


class Model:
    def __init__(self, roster: Sequence[int]) -> None:
        self.roster = roster
        self.state = "open"
        self.log: dict[tuple[int, UUID], Said] = {}
        self.marks: dict[int, Said] = {}
        self.late: dict[int, Said] = {}
        self.sequences: dict[tuple[int, int, str | None], int] = {}
        self.intent: Intent | None = None
        self.register: dict[int, Entry] | None = None
        self.rejected: dict[tuple[int, UUID], str] = {}
        self.merged: dict[int, int] = {}  # the last late report of each student that was merged
        self.amended: dict[int, datetime] = {}  # by a person

    def current(self, student: int) -> Said | None:
        return self.late.get(student) or self.marks.get(student)

    def report(self, report: Report, by: int, at: datetime) -> tuple[str, UUID]:
        """Returns the answer that the reporter gets, and the report that it is about."""
        student, content = report.student_id, (report.code, report.minutes_late, by)
        if earlier := self.log.get((student, report.report_id)):
            return (earlier.state if earlier.content == content else "reused"), report.report_id
        current, device = self.current(student), (student, by, report.device)
        if current and report.sequence is not None and report.sequence <= self.sequences.get(device, 0):
            return "superseded", current.report_id
        if current and current.by != by and report.replaces not in (UNSET, current.report_id):
            return "conflict", current.report_id
        state = "provisional" if self.state == "open" else "late"
        said = Said(student, *content, report.report_id, report.reported_at or at, len(self.log) + 1, state)
        self.log[student, report.report_id] = said
        (self.marks if state == "provisional" else self.late)[student] = said
        if report.sequence is not None:
            self.sequences[device] = report.sequence
        return state, report.report_id

    def fence(self, intent: Intent) -> None:
        if self.state == "open":
            self.state, self.intent = "closing", intent

    def merge(self) -> None:
        if self.intent is None or self.register is not None:
            return
        self.register = {pk: PRESENT if pk in self.intent.present else UNSTATED for pk in self.roster}
        for said in self.marks.values():
            self._enter(said)

    def close(self) -> None:
        if self.register is not None:
            self.state = "closed"

    def waiting(self) -> list[Said]:
        """Returns the late reports that may be merged now."""
        late = self.late.values() if self.state == "closed" else ()
        return [said for said in late if said.number > self.merged.get(said.student, 0)]

    def merge_late(self, waiting: Sequence[Said]) -> None:
        for said in waiting:
            if said.number > (before := self.merged.get(said.student, 0)):
                self.merged[said.student] = said.number
                if self._is_overtaken(said) and (hidden := self._hidden_by(said)) and hidden.number > before:
                    self._enter(hidden)
                self._enter(said)

    def _hidden_by(self, said: Said) -> Said | None:
        """Returns the reports that were made later, although they arrived earlier."""
        late = [each for each in self.log.values() if each.state == "late" and each.number < said.number]
        valid = [each for each in late if each.student == said.student and not self._is_overtaken(each)]
        return valid[-1] if valid else None

    def _is_overtaken(self, said: Said) -> bool:
        return said.student in self.amended and self.amended[said.student] > said.at

    def _enter(self, said: Said) -> None:
        assert self.register is not None
        overtaken = self._is_overtaken(said)
        if overtaken or said.code == FOR_OFFICE:
            self.rejected[said.student, said.report_id] = "superseded_by_amendment" if overtaken else "not_permitted"
            if said.state == "provisional":
                self.register[said.student] = UNSTATED
        else:
            self.register[said.student] = (said.code, said.minutes)

    def code(self, student: int) -> str:
        assert self.register is not None
        return self.register[student][0] or ""

    def amend(self, student: int, code: str | None, at: datetime) -> None:
        assert self.register is not None
        self.register[student], self.amended[student] = (code, None), at

    def void(self, at: datetime) -> None:
        for student in self.roster:
            self.amend(student, None, at)
