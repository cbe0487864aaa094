"""The page of a register that was taken: its current state, and everything that happened since."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from absences.registers import arrivals, merging
from absences.registers.merging import Merged
from absences.taking import as_of, script
from absences.web.lookup import render_local, user_of
from lessons.calendar import school_time
from lessons.models import Amendment, Lesson, Student, User
from lessons.registers.state import RegisterState


@dataclass(frozen=True)
class Count:
    """The number of students with a kind of mark; `code` gives its colour and icon."""

    number: int
    label: str
    code: str | None

    def __str__(self) -> str:
        return f"{self.number} {self.label}"


@dataclass(frozen=True)
class TakenRow:
    """One pupil of the register: `code` is the current one, None for unmarked. `first` is the first entry if it was
    amended."""

    student: Student
    code: str | None
    minutes_late: int | None
    amended: bool
    first: str | None
    may_arrive: bool


def page(request: HttpRequest, lesson: Lesson, now: datetime) -> HttpResponse:
    """Shows a completed lesson, now or at a past time. Raises InvalidInput."""
    merged = merging.existing(lesson)
    at = as_of.asked(request, lesson.school, now)
    if at and at < merged.register.completed_at:
        context = {"lesson": lesson, "register": merged.register, "at": at, "latest": now}
        return render_local(request, "absences/not_yet.html", lesson.school.time_zone, context, 404)
    may = {f"may_{name}": allowed and not at for name, allowed in _may(user_of(request), lesson, now).items()}
    facts = _facts(as_of.as_it_stood(merged, at) if at else merged, may["may_arrive"])
    pupils = {"opens_pupils": bool(lesson.own) or user_of(request).access.is_office(lesson.school_id)}
    context = facts | may | pupils | {"at": at, "latest": now, "words": script.script(script.words_of_taken)}
    return render_local(request, "absences/taken.html", lesson.school.time_zone, context)


def _may(user: User, lesson: Lesson, now: datetime) -> dict[str, bool]:
    return {
        "arrive": arrivals.may_arrive(user, lesson, now),
        "amend": user.access.may_amend(lesson, now),
        "extract": bool(lesson.own) or lesson.school_id in user.access.whole_schools(),
    }


def _facts(merged: Merged, may_arrive: bool) -> dict[str, Any]:
    state = merged.state
    named = {*state.roster, *(report.student_id for report in merged.rejected)}
    students = Student.objects.filter(school=merged.lesson.school_id).in_bulk(named)
    return {
        "lesson": merged.lesson,
        "register": merged.register,
        "is_same_day": school_time.local_date(merged.lesson.school.time_zone, merged.register.taken_at)
        == merged.lesson.date,
        "summary": summary(state),
        "rows": _rows(merged, state, students, may_arrive),
        "changes": list(as_of.changes(merged, students)),
        "unstated": len(state.unstated),
        "withdrawn": any(each.kind == Amendment.Kind.VOID for each in merged.amendments),
        "rejected": [(each, students.get(each.student_id)) for each in merged.rejected],
    }


def _rows(merged: Merged, state: RegisterState, students: Mapping[int, Student], may_arrive: bool) -> list[TakenRow]:
    """Returns rows in the order of the register."""
    on_roster = [students[pk] for pk in state.roster if pk in students]
    ordered = sorted(on_roster, key=lambda student: (student.sort_name, student.legal_name, student.pk))
    first = replace(merged, amendments=()).state
    touched = {amendment.student_id for amendment in merged.amendments}
    return [
        TakenRow(
            student,
            code=state.code_of(student.pk),
            minutes_late=state.minutes_of(student.pk),
            amended=not touched.isdisjoint({student.pk, None}),
            first=first.code_of(student.pk),
            may_arrive=may_arrive and state.code_of(student.pk) in arrivals.AWAITED,
        )
        for student in ordered
    ]


def summary(state: RegisterState) -> list[Count]:
    """Counts everybody on the roster exactly once; present and absent are always shown, other kinds if there are
    any."""
    counts = state.counts
    present = len(state.roster) - len(state.unstated) - len(state.marks)
    elsewhere = counts["attended"] - present - counts["late"]
    not_expected = counts["expected"] - counts["unstated"] - counts["possible"]
    always = [Count(present, _("present"), "/"), Count(counts["absent"], _("absent"), "N")]
    others = [
        Count(counts["late"], _("late"), "L"),
        Count(elsewhere, _("at another activity"), "B"),
        Count(not_expected, _("not expected"), "#"),
        Count(counts["unstated"], _("not stated"), None),
    ]
    return always + [count for count in others if count.number]


def in_words(lesson: Lesson, state: RegisterState) -> str:
    """Returns a sentence such as “7A: register taken 08:52. 28 present, 2 absent.”"""
    return _("%(group)s: register taken %(time)s. %(counts)s.") % {
        "group": lesson.group.name,
        "time": clock(lesson.register.taken_at, lesson),
        "counts": ", ".join(str(count) for count in summary(state)),
    }


def clock(moment: datetime, lesson: Lesson) -> str:
    """Returns a local time of day."""
    return school_time.clock(lesson.school.time_zone, moment)
