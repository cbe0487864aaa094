"""A student's attendance at a glance: one school year, from the registers that list the student, with their
amendments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from lessons import codes
from lessons.models import Amendment, Mark, Register, Student
from lessons.registers.rates import Figures, best
from lessons.registers.state import state_of

LATEST = 10


@dataclass(frozen=True)
class LessonMark:
    """A student in one register; `code` is None if unmarked."""

    register: Register
    code: codes.Code | None
    minutes_late: int | None


@dataclass(frozen=True)
class Glance:
    """A student's figures for a year. Lesson and session rates differ: by lesson every register counts, those of
    sessions too. `latest` holds all codes but present."""

    year: int
    by_session: Figures
    by_lesson: Figures
    latest: list[LessonMark]


def glance(student: Student, year: int) -> Glance:
    """Returns a student's figures, in three queries. `year` is the one in which the school year began."""
    entries = entries_of(student, year)
    exceptions = [entry for entry in entries if entry.code and entry.code.code != codes.PRESENT]
    return Glance(
        year=year,
        by_session=Figures.of(sessions_of(entries)),
        by_lesson=Figures.of(entry.code for entry in entries),
        latest=exceptions[:LATEST],
    )


def entries_of(student: Student, year: int) -> list[LessonMark]:
    all_registers = Register.objects.of_student(student)
    registers = all_registers.filter(school_year=year).select_related("lesson", "group")
    marks: dict[int, list[Mark]] = defaultdict(list)
    amendments: dict[int, list[Amendment]] = defaultdict(list)
    for mark in Mark.objects.filter(student=student, school_year=year):
        marks[mark.register_id].append(mark)
    concerns = Q(student=student) | Q(student=None, register__in=all_registers)  # a void names no student
    for amendment in Amendment.objects.filter(concerns, school_year=year):
        amendments[amendment.register_id].append(amendment)
    nation = student.school.nation
    entries = []
    for register in registers.order_by("-lesson__starts_at", "-pk"):
        if student.pk in register.roster:  # the roster of the register decides
            own, changes = marks[register.pk], amendments[register.pk]
            stands = state_of(register, nation=nation, marks=own, amendments=changes)
            code = stands.code_of(student.pk)
            known = codes.code_set(nation, register.date).get(code) if code else None
            entries.append(LessonMark(register, known, stands.minutes_of(student.pk)))
    return entries


def sessions_of(entries: Iterable[LessonMark]) -> list[codes.Code | None]:
    """Returns the mark that counts in each session."""
    claims: dict[tuple[date, str], list[codes.Code | None]] = defaultdict(list)
    for entry in entries:
        if entry.register.session:
            claims[entry.register.date, entry.register.session].append(entry.code)
    return [best(marks) for marks in claims.values()]
