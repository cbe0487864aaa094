"""A student's attendance at a glance: one school year, from the registers that list her, as they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from lessons import codes
from lessons.models import Amendment, Mark, Register, Student
from lessons.standing import standing

LATEST = 10
BEST_FIRST = list(codes.Kind)  # of two marks for one session the best counts; the kinds stand in that order


@dataclass(frozen=True)
class Entry:
    """The student in one register; no code is unstated."""

    register: Register
    code: codes.Code | None
    minutes_late: int | None


@dataclass(frozen=True)
class Figures:
    """Counts as in `domain.md`: possible = attended + absent, and who is unstated counts in neither."""

    registers: int
    possible: int
    attended: int
    absent: int
    unstated: int

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Figures:
        found = list(entries)
        kinds = [entry.code.kind for entry in found if entry.code]
        attended = sum(kind.attended for kind in kinds)
        absent = sum(kind in (codes.Kind.AUTHORISED, codes.Kind.UNAUTHORISED) for kind in kinds)
        return cls(len(found), attended + absent, attended, absent, len(found) - len(kinds))

    @property
    def percentage(self) -> float | None:
        return 100 * self.attended / self.possible if self.possible else None


@dataclass(frozen=True)
class Glance:
    """A lesson rate and a session rate are different figures. `latest`: all codes but present."""

    year: int
    sessions: Figures
    lessons: Figures
    latest: list[Entry]


def glance(student: Student, year: int) -> Glance:
    """In three queries; `year` is the one in which the school year began."""
    entries = entries_of(student, year)
    exceptions = [entry for entry in entries if entry.code and entry.code.code != codes.PRESENT]
    return Glance(
        year=year,
        sessions=Figures.of(best_of_each_session(entries)),
        lessons=Figures.of(entry for entry in entries if not entry.register.session),
        latest=exceptions[:LATEST],
    )


def entries_of(student: Student, year: int) -> list[Entry]:
    hers = Register.objects.of_student(student)
    registers = hers.filter(school_year=year).select_related("lesson", "group")
    marks: dict[int, list[Mark]] = defaultdict(list)
    amendments: dict[int, list[Amendment]] = defaultdict(list)
    for mark in Mark.objects.filter(student=student, school_year=year):
        marks[mark.register_id].append(mark)
    concerns_her = Q(student=student) | Q(student=None, register__in=hers)  # a void names no student
    for amendment in Amendment.objects.filter(concerns_her, school_year=year):
        amendments[amendment.register_id].append(amendment)
    nation = student.school.nation
    entries = []
    for register in registers.order_by("-lesson__starts_at", "-pk"):
        if student.pk in register.roster:  # the snapshot has the last word
            own, changes = marks[register.pk], amendments[register.pk]
            stands = standing(register, nation=nation, marks=own, amendments=changes)
            code = stands.code_of(student.pk)
            known = codes.code_set(nation, register.date).get(code) if code else None
            entries.append(Entry(register, known, stands.minutes_of(student.pk)))
    return entries


def best_of_each_session(entries: Iterable[Entry]) -> list[Entry]:
    best: dict[tuple[date, str], Entry] = {}
    for entry in entries:
        if entry.register.session:
            key = (entry.register.date, entry.register.session)
            best[key] = min(best.get(key, entry), entry, key=rank)
    return list(best.values())


def rank(entry: Entry) -> int:
    return BEST_FIRST.index(entry.code.kind) if entry.code else len(BEST_FIRST)
