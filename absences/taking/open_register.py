"""The page of a register that can still be taken."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from absences.store import sheets
from absences.store.documents import StoredMark
from absences.store.marks import current_marks
from absences.store.sheets import Key
from absences.taking import close, register_form, register_html, script
from absences.taking.register_form import PupilRow
from absences.web.lookup import rejected_on, render_filled, render_local, user_of
from absences.web.navigation import bar, lesson_heading
from lessons.accounts.sessions import sid_of
from lessons.models import Lesson, PlannedAbsence
from lessons.models.planned import Suggested


def page(
    request: HttpRequest, lesson: Lesson, now: datetime, rows: Sequence[PupilRow] | None = None, status: int = 200
) -> HttpResponse:
    user, access = user_of(request), user_of(request).access
    if lesson.state != "due" or not access.may_complete(lesson, now):
        whole_school = lesson.school_id in access.whole_schools()
        rejected = rejected_on(lesson) if lesson.is_cancelled and whole_school else []
        context = {"lesson": lesson, "rejected": rejected}
        return render_local(request, "absences/not_open.html", lesson.school.time_zone, context, status)
    if rows is None:
        rows = register_form.rows(lesson.enrolled(), marks(lesson), planned(lesson))
    kind = {
        "as_cover": access.takes_as_cover(lesson, now),
        "may_close": close.may_close(user, lesson, now),
        "errors": any(row.error for row in rows),
        "conflicts": any(row.mine for row in rows),
    }
    csrf_token = get_token(request)
    with timezone.override(ZoneInfo(lesson.school.time_zone)):
        values = {
            "group": lesson.group.name,
            "starts": f"{lesson.start_time:%H:%M}",
            "covered": lesson.people[0].user.name if lesson.people else lesson.group.name,
            "close": reverse("close", args=[lesson.pk]) if kind["may_close"] else "",
            "bar": bar(request, csrf_token, "link"),
            "heading": lesson_heading(lesson),
            "taking": _taking(request, lesson, rows, now, csrf_token),
        }
    return render_filled(request, "absences/register.html", kind, values, status)


def _taking(
    request: HttpRequest, lesson: Lesson, rows: Sequence[PupilRow], now: datetime, csrf_token: str
) -> SafeString:
    return register_html.taking(
        rows,
        facts=script.facts(user_of(request), lesson, rows, now, sid=sid_of(request)),
        words=script.script(script.words),
        csrf_token=csrf_token,
        page=uuid4(),
        finish=reverse("complete", args=[lesson.pk]),
        someone_else=reverse("someone-else", args=[lesson.pk]),
    )


def planned(lesson: Lesson) -> Suggested:
    return PlannedAbsence.objects.codes_of_lesson(lesson)


def marks(lesson: Lesson) -> list[StoredMark]:
    return current_marks(sheets.read(Key(lesson.school_id, lesson.pk)))
