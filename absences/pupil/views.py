"""A pupil's page: the school year as a picture, as figures, and as the marks other than present."""

import re
from datetime import date, datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from absences.pupil import picture, reading, today
from absences.pupil.year import Entry, SchoolYear
from absences.web.lookup import render_local, seen_pupil, user_of
from absences.web.office import pages
from lessons.calendar import school_time
from lessons.errors import FieldError, InvalidInput, NotFound
from lessons.models import School, Student

SHOWN = 40  # marks on a page, rounded up to whole months
YEAR = re.compile(r"2[01][0-9]{2}")


@require_safe
@login_required
def page(request: HttpRequest, student: int) -> HttpResponse:
    found, now = seen_pupil(request, student), timezone.now()
    year = reading.of(user_of(request), found, _year(request, found.school, now), now)
    context = {
        **_heading(request, found, year),
        **_years(found, year, now),
        "year": year,
        "today": today.of(user_of(request), found, year, now),
        "picture": picture.draw(year),
        "bases": _bases(year),
        **_marks(year, everything="all" in request.GET),
        "made_at": now,
    }
    return render_local(request, "absences/student.html", found.school.time_zone, context)


def _year(request: HttpRequest, school: School, now: datetime) -> int:
    """Returns the school year in `?year=` (the year in which it begins), or the present one. Raises InvalidInput, and
    NotFound for a year that has not begun."""
    present = school_time.school_year(school_time.local_date(school.time_zone, now))
    given = request.GET.get("year")
    if not given:
        return present
    if not YEAR.fullmatch(given):
        raise InvalidInput([FieldError("/year", "invalid", _("A school year is named by its first, such as 2026."))])
    if int(given) > present:
        raise NotFound(_("This school year has not begun yet."))
    return int(given)


def _heading(request: HttpRequest, student: Student, year: SchoolYear) -> dict[str, Any]:
    """Returns the pupil's details, and links to other pages."""
    access = user_of(request).access
    is_office = access.is_office(student.school_id)
    days = urlencode({"from": year.first, "to": year.until})
    return {
        "student": student,
        "school": student.school,
        "is_office": is_office,
        "is_whole": reading.is_whole(user_of(request), student),
        "office_pages": pages(access) if is_office else [],
        "here": f"?school={student.school_id}" if len(access.offices()) > 1 else "",
        "evidence": f"{reverse('student-evidence', args=[student.pk])}?{days}" if is_office else "",
        "follow_up": _follow_up(student, year) if is_office else "",
    }


def _follow_up(student: Student, year: SchoolYear) -> str:
    """Returns the address of the first absence without a reason, or an empty text."""
    unexplained = year.unexplained
    if not unexplained:
        return ""
    first, last = unexplained[0].lesson.date, unexplained[-1].lesson.date
    asked = {"school": student.school_id, "from": first, "to": last, "all": 1, "next": f"{student.pk}-{first}"}
    return f"{reverse('follow-up')}?{urlencode(asked)}"


def _years(student: Student, year: SchoolYear, now: datetime) -> dict[str, Any]:
    """Returns the previous and the next year, if the pupil may have been here then."""
    present = school_time.school_year(school_time.local_date(student.school.time_zone, now))
    return {
        "is_present": year.year == present,
        "before": year.year - 1 if year.year > school_time.school_year(student.on_roll_from) else None,
        "after": year.year + 1 if year.year < present else None,
    }


def _bases(year: SchoolYear) -> list[dict[str, Any]]:
    """Returns the lesson and session rates, which differ: each with its name, the statutory one first."""
    sessions = {"is_session": True, "figures": year.by_session, "coverage": year.session_coverage}
    lessons = {"is_session": False, "figures": year.by_lesson, "coverage": year.lesson_coverage}
    return [sessions, lessons] if year.has_sessions else [lessons]


def _marks(year: SchoolYear, *, everything: bool) -> dict[str, Any]:
    """Returns the marks by month, newest first, as many months as a page takes."""
    entries = year.exceptions
    months = groupby(entries, key=lambda entry: entry.lesson.date.replace(day=1))
    shown: list[tuple[date, list[Entry]]] = []
    count = 0
    for first, of_month in months:
        if count >= SHOWN and not everything:
            break
        shown.append((first, list(of_month)))
        count += len(shown[-1][1])
    return {"months": shown, "hidden": len(entries) - count}
