"""Evidence to print or to save: of a register, and of a pupil."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from absences import evidence
from absences.evidence import Line, Record
from absences.views.pages import registered_lesson, render_local, user_of
from lessons import calendar, spreadsheets
from lessons.errors import FieldError, InvalidInput, NotAllowed, NotFound
from lessons.models import School, Student

LONGEST = timedelta(days=366)


@require_safe
@login_required
def lesson_page(request: HttpRequest, lesson: int) -> HttpResponse:
    found = registered_lesson(request, lesson)
    lines = evidence.of_lesson(found)
    sections = [
        (_("First entries"), [line for line in lines if line.record == Record.FIRST_ENTRY]),
        (_("Amendments"), [line for line in lines if line.record == Record.AMENDMENT]),
        (_("Reports that could not be taken in"), [line for line in lines if line.record == Record.REJECTED]),
    ]
    context = {"lesson": found, "register": found.register, "sections": sections, **_signed(request, found.school)}
    return render_local(request, "absences/evidence_lesson.html", found.school.time_zone, context)


@require_safe
@login_required
def lesson_csv(request: HttpRequest, lesson: int) -> HttpResponse:
    found = registered_lesson(request, lesson)
    return _as_csv(f"evidence-lesson-{found.pk}-{found.date}", evidence.of_lesson(found))


@require_safe
@login_required
def student_page(request: HttpRequest, student: int) -> HttpResponse:
    found = _student(request, student)
    period = _period(request, found.school, timezone.now())
    lines = evidence.of_student(user_of(request), found, period.first, period.last)
    lessons = [(lesson, list(said)) for lesson, said in groupby(lines, key=lambda line: line.lesson)]
    context = {
        "student": found,
        "period": period,
        "lessons": lessons,
        "registers": sum(line.record == Record.REGISTER for line in lines),
        "query": request.GET.urlencode(),
        **_signed(request, found.school),
    }
    return render_local(request, "absences/evidence_student.html", found.school.time_zone, context)


@require_safe
@login_required
def student_csv(request: HttpRequest, student: int) -> HttpResponse:
    found = _student(request, student)
    period = _period(request, found.school, timezone.now())
    lines = evidence.of_student(user_of(request), found, period.first, period.last)
    return _as_csv(f"evidence-student-{found.pk}-{period.first}-{period.last}", lines)


def _as_csv(name: str, lines: Iterable[Line]) -> HttpResponse:
    return spreadsheets.as_csv(name, evidence.COLUMNS, (line.cells() for line in lines))


def _signed(request: HttpRequest, school: School) -> dict[str, Any]:
    """Who makes an extract, and when."""
    return {
        "school": school,
        "position": user_of(request).access.in_school(school.pk).position,
        "made_at": timezone.now(),
    }


def _student(request: HttpRequest, student_id: int) -> Student:
    """For the school's office. Raises NotFound where this user may not see the student, NotAllowed for other roles."""
    user = user_of(request)
    found = Student.objects.for_user(user).select_related("school").filter(pk=student_id).first()
    if found is None:
        raise NotFound(_("There is no such student, or the student is not yours to see."))
    if not user.access.is_office(found.school_id):
        raise NotAllowed(_("A pupil’s evidence is for the school’s office."))
    return found


@dataclass(frozen=True)
class Period:
    """Both days included."""

    first: date
    last: date


def _period(request: HttpRequest, school: School, now: datetime) -> Period:
    """`from` and `to`; the school year so far, unless told otherwise. Raises InvalidInput."""
    today = calendar.local_date(school.time_zone, now)
    last = _day(request, "to", today)
    first = _day(request, "from", calendar.school_year_dates(calendar.school_year(last))[0])
    if not first <= last:
        raise InvalidInput([FieldError("/from", "order", _("The first day comes after the last one."))])
    if last - first > LONGEST:
        raise InvalidInput([FieldError("/from", "too_long", _("Choose a year at most."))])
    return Period(first, last)


def _day(request: HttpRequest, name: str, default: date) -> date:
    given = request.GET.get(name)
    if not given:
        return default
    with suppress(ValueError):
        day = date.fromisoformat(given)
        if 2000 <= day.year <= 2100:  # far enough from the ends of the calendar for every sum with days
            return day
    raise InvalidInput([FieldError(f"/{name}", "invalid", _("A day is written like 2026-09-14."))])
