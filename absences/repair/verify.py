"""Compares every closed sheet with its register, and every register with its sheet. Changes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from absences.store import paging, sheets
from absences.store.documents import Sheet, StoredMark
from absences.store.scope import Scope
from absences.store.sheets import Key, key_of
from lessons import codes
from lessons.models import Amendment, Lesson, Mark, Register, RejectedReport, School
from lessons.registers.state import RegisterState, state_of

PAGE = 500

# The fields in which a sheet and its register may differ.
FIELDS = ("marks", "counts", "roster", "unstated")


@dataclass(frozen=True)
class Difference:
    """`what` is `register missing`, `sheet missing`, `sheet not closed`, `revision`, `reports`, or one of FIELDS."""

    key: Key
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.key} {self.what}: {self.detail}" if self.detail else f"{self.key} {self.what}"


@dataclass(frozen=True)
class Page:
    """How many sheets were compared, and what differs."""

    compared: int
    differences: Sequence[Difference]


def verify(scope: Scope) -> Iterator[Page]:
    """Yields the differences, page by page, in bounded memory. Raises StoreUnavailable."""
    for page in closed_pages(scope):
        yield Page(len(page), [difference for pair in with_rows(page) for difference in pair.differences()])
    for registers in register_pages(scope):
        yield Page(0, list(_without_sheet(registers)))


def closed_pages(scope: Scope) -> Iterator[list[Sheet]]:
    """Yields the closed sheets, each once. Those of a day are found school by school, as the index has them."""
    if scope.day is None:
        yield from paging.closed(scope, PAGE)
        return
    schools = School.objects.values_list("pk", flat=True) if scope.school_id is None else [scope.school_id]
    for school in schools:
        yield from paging.closed_on_day(Scope(school, scope.day), PAGE)


def register_pages(scope: Scope) -> Iterator[list[Register]]:
    """Yields the registers, each once, in pages by lesson."""
    registers = scope.registers(Register.objects.select_related("lesson__school", "lesson__group")).order_by("pk")
    after = 0
    while page := list(registers.filter(pk__gt=after)[:PAGE]):
        yield page
        after = page[-1].pk


def _without_sheet(registers: Sequence[Register]) -> Iterator[Difference]:
    keys = {register.pk: Key(register.school_id, register.pk) for register in registers}
    states = sheets.states(keys.values())
    for pk, key in keys.items():
        if pk not in states:
            yield Difference(key, "sheet missing")
        elif states[pk] != "closed":
            yield Difference(key, "sheet not closed", states[pk])


@dataclass(frozen=True)
class Pair:
    """A closed sheet with everything that SQL has about its lesson."""

    sheet: Sheet
    lesson: Lesson | None
    marks: Sequence[Mark]
    amendments: Sequence[Amendment]
    rejected: Sequence[RejectedReport]

    @property
    def key(self) -> Key:
        return key_of(self.sheet)

    @property
    def state(self) -> RegisterState:
        assert self.lesson is not None
        nation = self.lesson.school.nation
        return state_of(self.lesson.register, nation=nation, marks=self.marks, amendments=self.amendments)

    def differences(self) -> Iterator[Difference]:
        if self.lesson is None or self.lesson.school_id != self.key.school_id:
            yield Difference(self.key, "register missing", "the school has no such lesson")
        elif self.lesson.is_completed:
            yield from self._projection()
            yield from self._reports()
        elif self.lesson.is_cancelled:
            yield from self._reports()
        else:
            yield Difference(self.key, "register missing")

    def _projection(self) -> Iterator[Difference]:
        assert self.lesson is not None
        register, stood = self.lesson.register, self.state
        if self.sheet["register_rev"] != register.rev:
            yield Difference(self.key, "revision", f"the sheet shows {self.sheet['register_rev']} of {register.rev}")
        expected = {
            "marks": {mark.student_id: (mark.code, mark.minutes_late) for mark in stood.marks.values()},
            "counts": stood.counts,
            "roster": list(stood.roster),
            "unstated": sorted(stood.unstated),
        }
        shown = self.sheet | {"marks": {m["student"]: (m["code"], m["minutes_late"]) for m in self.sheet["marks"]}}
        for name in FIELDS:
            if shown[name] != expected[name]:
                yield Difference(self.key, name, f"{shown[name]} in the sheet, {expected[name]} in the register")

    def _reports(self) -> Iterator[Difference]:
        """Every mark on the sheet is in SQL, except in a late map that still has to be merged."""
        if lost := sorted({mark["student"] for mark in self.unmerged()}):
            yield Difference(self.key, "reports", f"those about {lost} are not in SQL")

    def unmerged(self) -> list[StoredMark]:
        """Returns the marks on the sheet that SQL should have and does not."""
        kept = {(row.student_id, row.report_id) for row in (*self.marks, *self.amendments, *self.rejected)}  # type: ignore[attr-defined]
        late = () if self.sheet["late_pending"] else self.sheet.get("late", {}).values()
        marks = [*self.sheet.get("absences", {}).values(), *late]
        return [mark for mark in marks if (mark["student"], mark["report_id"]) not in kept and not self._judged(mark)]

    def _judged(self, mark: StoredMark) -> bool:
        """Returns whether the mark needs no row: it was stated present when the register was taken, or it is older than
        the register beside which its sheet was closed after going back in time."""
        if self.lesson is None or not self.lesson.is_completed or mark["state"] != "provisional":
            return False
        register = self.lesson.register
        if self.sheet["intent"]["id"] != register.completion_id:
            return mark["at"] <= register.completed_at
        return mark["code"] == codes.PRESENT and mark["student"] not in register.unstated


def with_rows(page: Sequence[Sheet]) -> Iterator[Pair]:
    pks = [sheet["lesson"] for sheet in page]
    lessons = Lesson.objects.with_register().in_bulk(pks)
    marks = _by(Mark.objects.filter(register__in=pks).order_by("register", "id"), "register_id")
    amendments = _by(Amendment.objects.filter(register__in=pks).order_by("register", "id"), "register_id")
    rejected = _by(RejectedReport.objects.filter(lesson__in=pks).order_by("lesson", "id"), "lesson_id")
    for sheet in page:
        pk = sheet["lesson"]
        rows: Any = (marks.get(pk, ()), amendments.get(pk, ()), rejected.get(pk, ()))
        yield Pair(sheet, lessons.get(pk), *rows)


def _by(rows: Iterable[Any], key: str) -> dict[int, list[Any]]:
    return {pk: list(found) for pk, found in groupby(rows, attrgetter(key))}
