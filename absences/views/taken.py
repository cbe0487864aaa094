"""A register that is taken: as it stands, with everything that happened to it since."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from absences import arrivals, merging
from absences.merging import Merged
from absences.views import moment
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
    """One pupil of the register: as `code` stands, None for unstated; `first` is how it was first taken, where it has
    been amended since."""

    student: Student
    code: str | None
    entry: Entry | None
    amended: bool
    first: str | None
    may_arrive: bool


def page(request: HttpRequest, lesson: Lesson, now: datetime) -> HttpResponse:
    """The page of a lesson that is completed, as it stands or with `?at=` as it stood."""
    at = moment.asked(request, lesson)
    merged = merging.existing(lesson)
    if at:
        merged = replace(merged, amendments=[each for each in merged.amendments if each.arrived_at <= at])
    named = {*merged.register.roster, *(report.student_id for report in merged.rejected)}
    students = Student.objects.filter(school=lesson.school_id).in_bulk(named)
    user, stands = user_of(request), merged.standing
    context = {
        "lesson": lesson,
        "register": merged.register,
        "at": at,
        "summary": summary(stands),
        "unstated": len(stands.unstated),
        "rows": _rows(merged, students, not at and arrivals.may_arrive(user, lesson, now)),
        "amendments": [
            (each, students.get(each.student_id or 0), each.arrived_at - timedelta(milliseconds=1))
            for each in merged.amendments
        ],
        "withdrawn": any(each.kind == Amendment.Kind.VOID for each in merged.amendments),
        "rejected": [(each, students.get(each.student_id)) for each in merged.rejected],
        "may_amend": not at and user.access.may_amend(lesson, now),
    }
    return render_local(request, "absences/taken.html", lesson.school.time_zone, context)


def _rows(merged: Merged, students: Mapping[int, Student], may_arrive: bool) -> list[Row]:
    """In the order of the register."""
    stands, first = merged.standing, replace(merged, amendments=()).standing
    changed = {amendment.student_id for amendment in merged.amendments}
    on_roster = [students[pk] for pk in stands.roster if pk in students]
    return [
        Row(
            student,
            stands.code_of(student.pk),
            stands.marks.get(student.pk),
            amended=bool(changed & {student.pk, None}),
            first=first.code_of(student.pk),
            may_arrive=may_arrive and stands.code_of(student.pk) in arrivals.AWAITED,
        )
        for student in sorted(on_roster, key=lambda student: (student.sort_name, student.legal_name, student.pk))
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
