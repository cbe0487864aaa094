"""The tables that other systems can put rows into, with their rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from lessons.errors import FieldError
from lessons.imports.putting import Importer, Row
from lessons.models import Enrolment, Group, PlannedAbsence, School, Student


class Students(Importer):
    name = "students"
    model = Student

    def check(self, rows: Sequence[Row]) -> Iterator[FieldError]:
        for row in rows:
            if _before(row.instance.on_roll_until, row.instance.on_roll_from):
                yield row.error("on_roll_until", "too_early", _("A student leaves after joining."))
        given = Counter(row.instance.upn for row in rows if row.instance.upn)
        others = Student.objects.filter(school=self.school, upn__in=given).exclude(
            pk__in=[row.instance.pk for row in rows if not row.is_new]
        )
        taken = set(others.values_list("upn", flat=True)) | {upn for upn, count in given.items() if count > 1}
        for row in rows:
            if row.instance.upn in taken:
                yield row.error("upn", "unique", _("Another student of this school has this UPN."))


class Groups(Importer):
    name = "groups"
    model = Group


class Enrolments(Importer):
    name = "enrolments"
    model = Enrolment
    references = {"student": Student, "group": Group}  # noqa: RUF012

    def check(self, rows: Sequence[Row]) -> Iterator[FieldError]:
        for row in rows:
            if _before(row.instance.ends_on, row.instance.starts_on):
                yield row.error("ends_on", "too_early", _("An enrolment ends after it started."))
            for name in ("student", "group"):
                if row.changes(f"{name}_id"):
                    yield row.error(name, "fixed", _("An enrolment keeps student and group: end it, and give another."))
        given = Counter(map(_place, rows))
        of_these = Q(student__in={student for student, _group, _day in given})
        others = Enrolment.objects.filter(of_these, school=self.school).exclude(
            pk__in=[row.instance.pk for row in rows if not row.is_new]
        )
        taken = set(others.values_list("student_id", "group_id", "starts_on"))
        taken |= {place for place, count in given.items() if count > 1}
        for row in rows:
            if _place(row) in taken:
                yield row.error("starts_on", "unique", _("There is another enrolment of this student from this day."))


class PlannedAbsences(Importer):
    """Planned absences, signed by the user who puts them. A plan is not part of the record: if cancelled, it is
    deleted, and marks made from it stay."""

    name = "planned_absences"
    model = PlannedAbsence
    references = {"student": Student}  # noqa: RUF012
    derived = ("by_id", "by_name", "by_position")

    def __init__(self, school: School, source: str, signature: Mapping[str, Any]) -> None:
        super().__init__(school, source)
        self.signature = signature

    def takes_away(self, item: Mapping[str, Any]) -> bool:
        return bool(item.get("cancelled"))

    def check(self, rows: Sequence[Row]) -> Iterator[FieldError]:
        for row in rows:
            if row.changes("student_id"):
                yield row.error("student", "fixed", _("A plan keeps its student: cancel it, and give another."))

    def sign(self, rows: Sequence[Row]) -> None:
        for row in rows:
            for name, value in self.signature.items():
                setattr(row.instance, name, value)


def _place(row: Row) -> tuple[int, int, date]:
    return row.instance.student_id, row.instance.group_id, row.instance.starts_on


def _before(end: date | None, start: date) -> bool:
    return end is not None and end < start
