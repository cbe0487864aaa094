"""The contents of both stores, when there is only one lesson."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Model

from absences.registers.tests.model import Entry
from absences.store import sheets
from absences.store.documents import Sheet
from absences.store.sheets import Key
from lessons.codes import Counts
from lessons.models import Amendment, Mark, Register, RejectedReport
from lessons.registers.state import RegisterState, state_of

Rows = list[dict[str, Any]]
MOVING = frozenset({"_state", "rev", "projected_rev", "merged_late_rev", "updated_at"})


@dataclass(frozen=True)
class Facts:
    sheet: Sheet | None
    registers: list[Register]
    marks: list[Mark]
    amendments: list[Amendment]
    rejected: list[RejectedReport]

    @classmethod
    def read(cls, key: Key) -> "Facts":
        sheet, registers = sheets.read(key), list(Register.objects.all())
        if not registers:
            return cls(sheet, [], [], [], [])
        rows = (Mark.objects.all(), Amendment.objects.all(), RejectedReport.objects.all())
        return cls(sheet, registers, *map(list, rows))  # type: ignore[arg-type]

    @cached_property
    def state(self) -> RegisterState | None:
        for register in self.registers:
            return state_of(register, nation="england", marks=self.marks, amendments=self.amendments)
        return None

    @property
    def entries(self) -> dict[int, Entry] | None:
        if self.state is None:
            return None
        return {pk: (self.state.code_of(pk), self.state.minutes_of(pk)) for pk in self.state.roster}

    @property
    def counts_as_taken(self) -> Counts | None:
        """Returns None without a register, or with one that was amended."""
        return self.registers[0].counts if self.registers and not self.amendments else None

    @property
    def logged(self) -> set[tuple[int, UUID]]:
        return {(mark["student"], mark["report_id"]) for mark in (self.sheet.get("log", ()) if self.sheet else ())}

    @property
    def kept(self) -> set[tuple[int | None, UUID | None]]:
        """Returns the reports in SQL: in the register, among its amendments, or rejected."""
        rows: list[Mark | Amendment | RejectedReport] = [*self.marks, *self.amendments, *self.rejected]
        return {(row.student_id, row.report_id) for row in rows}

    @property
    def as_taken(self) -> Rows:
        return _written([*self.registers, *self.marks])

    @property
    def history(self) -> Rows:
        return _written(self.amendments)

    @property
    def shown(self) -> tuple[str, Counts, list[tuple[int, str, int | None]]]:
        """Returns a closed sheet's state, counts and marks."""
        assert self.sheet is not None
        marks = [(mark["student"], mark["code"], mark["minutes_late"]) for mark in self.sheet["marks"]]
        return self.sheet["state"], self.sheet["counts"], marks


def _written(rows: Iterable[Model]) -> Rows:
    return [{name: value for name, value in vars(row).items() if name not in MOVING} for row in rows]
