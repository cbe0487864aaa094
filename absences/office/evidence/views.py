"""The audit trail of a register or a pupil, to print or download."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from absences.office.evidence import evidence
from absences.office.evidence.evidence import Line, Record
from absences.web import period
from absences.web.lookup import registered_lesson, render_local, user_of
from absences.web.office import office_pupil
from lessons import spreadsheets
from lessons.models import School


@require_safe
@login_required
def lesson_page(request: HttpRequest, lesson: int) -> HttpResponse:
    found = registered_lesson(request, lesson)
    lines = evidence.of_lesson(user_of(request), found)
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
    lines = evidence.of_lesson(user_of(request), found)
    return _as_csv(request, f"evidence-lesson-{found.pk}-{found.date}", lines)


@require_safe
@login_required
def student_page(request: HttpRequest, student: int) -> HttpResponse:
    found = office_pupil(request, student)
    days = period.asked(request, found.school, timezone.now())
    lines = evidence.of_student(user_of(request), found, days.first, days.last)
    lessons = [(lesson, list(said)) for lesson, said in groupby(lines, key=lambda line: line.lesson)]
    context = {
        "student": found,
        "period": days,
        "lessons": lessons,
        "registers": sum(line.record == Record.REGISTER for line in lines),
        "query": request.GET.urlencode(),
        **_signed(request, found.school),
    }
    return render_local(request, "absences/evidence_student.html", found.school.time_zone, context)


@require_safe
@login_required
def student_csv(request: HttpRequest, student: int) -> HttpResponse:
    found = office_pupil(request, student)
    days = period.asked(request, found.school, timezone.now())
    lines = evidence.of_student(user_of(request), found, days.first, days.last)
    return _as_csv(request, f"evidence-student-{found.pk}-{days.first}-{days.last}", lines)


def _as_csv(request: HttpRequest, name: str, lines: Iterable[Line]) -> HttpResponse:
    reader = user_of(request).access
    return spreadsheets.as_csv(name, evidence.COLUMNS, (line.cells(reader) for line in lines))


def _signed(request: HttpRequest, school: School) -> dict[str, Any]:
    """Returns who makes the extract, when, and whether it includes every reason."""
    access = user_of(request).access
    return {
        "school": school,
        "position": access.in_school(school.pk).position,
        "is_whole": access.reads_reasons(school.pk),
        "made_at": timezone.now(),
    }
