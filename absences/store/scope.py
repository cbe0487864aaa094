"""Which part of the record a repair works on: everything, one school, one day, or one day of one school."""

from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from absences.store.mongo import Query
from absences.store.times import midnight
from lessons.models import Lesson, Register


@dataclass(frozen=True)
class Scope:
    """`day` is the lessons' local date. A sheet has it from the time when completion began."""

    school_id: int | None = None
    day: date | None = None

    @property
    def sheets(self) -> Query:
        """Returns the filter for sheets. A school's are those from "7:" to before "7;", so that a walk by `_id` finds
        them."""
        found: Query = {}
        if self.school_id is not None:
            found |= {"_id": {"$gte": f"{self.school_id}:", "$lt": f"{self.school_id};"}, "school": self.school_id}
        if self.day is not None:
            found |= {"date": midnight(self.day)}
        return found

    def lessons(self, lessons: "QuerySet[Lesson]") -> "QuerySet[Lesson]":
        return self._rows(lessons)

    def registers(self, registers: "QuerySet[Register]") -> "QuerySet[Register]":
        return self._rows(registers)

    def _rows(self, rows: QuerySet) -> QuerySet:  # type: ignore[type-arg]
        if self.school_id is not None:
            rows = rows.filter(school=self.school_id)
        return rows if self.day is None else rows.filter(date=self.day)


EVERYTHING = Scope()
