"""A register that is taken: as it stands, with everything that happened to it since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from absences import arrivals, merging
from absences.views.pages import render_local, user_of
from lessons.models import Amendment, Lesson, Student
from lessons.standing import Entry, Standing


@dataclass(frozen=True)
class Count:
    """How many students of a register are what; `code` stands for its tone and its icon."""

    number: int
    label: str
    code: str | None

    def __str__(self) -> str:
        return f"{self.number} {self.label}"


@dataclass(frozen=True)
class Row:
    """One pupil of the register: as `code` stands, None for unstated."""

    student: Student
    code: str | None
    entry: Entry | None
    may_arrive: bool


def page(request: HttpRequest, lesson: Lesson, now: datetime) -> HttpResponse:
    """The page of a lesson that is completed."""
    access = user_of(request).access
    merged = merging.existing(lesson)
    standing = merged.standing
    named = {*standing.roster, *(report.student_id for report in merged.rejected)}
    students = Student.objects.filter(school=lesson.school_id).in_bulk(named)
    context = {
        "lesson": lesson,
        "register": merged.register,
        "summary": summary(standing),
        "rows": _rows(standing, students, arrivals.may_arrive(user_of(request), lesson, now)),
        "amendments": [(each, students.get(each.student_id or 0)) for each in merged.amendments],
        "unstated": len(standing.unstated),
        "withdrawn": any(each.kind == Amendment.Kind.VOID for each in merged.amendments),
        "rejected": [(each, students.get(each.student_id)) for each in merged.rejected],
        "is_office": access.is_office(lesson.school_id),
        "may_extract": bool(lesson.own) or lesson.school_id in access.whole_schools(),
        "may_amend": access.may_amend(lesson, now),
    }
    return render_local(request, "absences/taken.html", lesson.school.time_zone, context)


def _rows(standing: Standing, students: Mapping[int, Student], may_arrive: bool) -> list[Row]:
    """In the order of the register."""
    on_roster = [students[pk] for pk in standing.roster if pk in students]
    ordered = sorted(on_roster, key=lambda student: (student.sort_name, student.legal_name, student.pk))
    stands = [(student, standing.code_of(student.pk)) for student in ordered]
    return [
        Row(student, code, standing.marks.get(student.pk), may_arrive and code in arrivals.AWAITED)
        for student, code in stands
    ]


def summary(standing: Standing) -> list[Count]:
    """Everyone on the roster exactly once; present and absent always, the others where there are any."""
    counts = standing.counts
    present = len(standing.roster) - len(standing.unstated) - len(standing.marks)
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


def in_words(lesson: Lesson, standing: Standing) -> str:
    """Such as “7A: register taken 08:52. 28 present, 2 absent.”"""
    return _("%(group)s: register taken %(time)s. %(counts)s.") % {
        "group": lesson.group.name,
        "time": clock(lesson.register.taken_at, lesson),
        "counts": ", ".join(str(count) for count in summary(standing)),
    }


def clock(moment: datetime, lesson: Lesson) -> str:
    """A time of day as the school's clocks show it."""
    return moment.astimezone(ZoneInfo(lesson.school.time_zone)).strftime("%H:%M")
