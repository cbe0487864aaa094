"""The register of one lesson: taken as a plain form, shown when it is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from absences import completion, late, merging, register_form, reporting, sheets, tickets
from absences.mongo import Document
from absences.register_form import Row, Sent
from absences.sheets import Key, Stored
from absences.views.pages import render_local, seen_lesson, user_of
from lessons.models import Lesson, Student
from lessons.standing import Standing


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def register(request: HttpRequest, lesson: int) -> HttpResponse:
    """The register; sent as a form, it saves what changed."""
    now = timezone.now()
    found = seen_lesson(request, lesson, now)
    if request.method != "POST":
        return _taken(request, found, now) if found.is_completed else _open(request, found, now)
    saved = _save(request, found, now)
    if saved.refused:
        return saved.refused
    if saved.sent.reports:
        messages.success(request, _("Saved at %(time)s.") % {"time": _clock(now, found)})
    else:
        messages.info(request, _("Nothing had changed."))
    return redirect("register", found.pk)


@require_POST
@login_required
def complete(request: HttpRequest, lesson: int) -> HttpResponse:
    """Saves what changed, then makes it the record."""
    now = timezone.now()
    found = completion.authorise(user_of(request), lesson, now)
    saved = _save(request, found, now)
    if saved.refused:
        return saved.refused
    seen = [pk for pk in saved.sent.roster_seen if pk in saved.roster]
    one = completion.Completion(lesson=found, user=user_of(request), roster_seen=seen, source="page")
    [done] = [None] if found.is_completed else completion.complete_many([one], now=now)
    if done is None:
        messages.warning(request, _("This lesson was completed or cancelled in the meantime."))
        return redirect("register", found.pk)
    said = taken_in_words(done.merged.lesson, done.merged.standing)
    messages.success(
        request,
        format_html('{} <a href="{}">{}</a>', said, reverse("register", args=[found.pk]), _("See or correct it")),
    )
    return redirect("today")


@dataclass
class Saved:
    """What became of a form: `refused` is the page to answer with where it was not taken as it is."""

    sent: Sent
    roster: Sequence[int]
    refused: HttpResponse | None = None


def _save(request: HttpRequest, lesson: Lesson, now: datetime) -> Saved:
    """Reports what the form changed. Refused, with nothing written, where something is wrong; and where a colleague has
    marked a pupil meanwhile, with everything else written."""
    user = user_of(request)
    students = list(Student.objects.enrolled(lesson.group_id, lesson.date))
    roster = [student.pk for student in students]
    claims = tickets.claims_for(user, lesson, roster, now)
    sent = register_form.read(request.POST, roster, claims, lesson, now)
    if sent.errors or sent.strangers:
        rows = _again(request, lesson, students, sent, claims)
        return Saved(sent, roster, _open(request, _with_state(request, lesson, now), now, rows, 400))
    stored = reporting.report(claims, lesson.pk, sent.reports, now) if sent.reports else []
    if any(each.state == "conflict" for each in stored):
        rows = _conflicts(lesson, students, stored)
        return Saved(sent, roster, _open(request, _with_state(request, lesson, now), now, rows, 409))
    if any(each.state == "late" for each in stored):
        late.merge_late(Key(lesson.school_id, lesson.pk), now)
    return Saved(sent, roster)


def _open(
    request: HttpRequest, lesson: Lesson, now: datetime, rows: Sequence[Row] | None = None, status: int = 200
) -> HttpResponse:
    if rows is None:
        students = Student.objects.enrolled(lesson.group_id, lesson.date)
        rows = register_form.rows(list(students), _standing(lesson))
    context = {
        "lesson": lesson,
        "rows": rows,
        "page": uuid4(),
        "roster_seen": ",".join(str(row.student.pk) for row in rows),
        "marked": sum(bool(row.code) for row in rows),
        "unmarked": sum(not row.code for row in rows),
        "may_take": user_of(request).access.may_take(lesson, now),
        "as_cover": user_of(request).access.takes_as_cover(lesson, now),
        "errors": sum(bool(row.error) for row in rows),
        "conflicts": sum(bool(row.conflict) for row in rows),
    }
    return render_local(request, "absences/register.html", lesson.school.time_zone, context, status)


def _again(
    request: HttpRequest, lesson: Lesson, students: Sequence[Student], sent: Sent, claims: tickets.Claims
) -> list[Row]:
    """The rows with what was chosen, and what is wrong beside each pupil. Nothing was written."""
    shown = register_form.rows(students, _standing(lesson))
    for row in shown:
        row.error = sent.errors.get(row.student.pk, "")
    register_form.put_back(request.POST, shown, claims)
    if sent.strangers:
        messages.error(request, _("The class list has changed, and nothing was saved. Please look at it again."))
    return shown


def _conflicts(lesson: Lesson, students: Sequence[Student], stored: Sequence[Stored]) -> list[Row]:
    """The rows as they stand, with a colleague's mark beside those that were not taken."""
    theirs = {each.mark["student"]: each.mark for each in stored if each.state == "conflict"}
    shown = register_form.rows(students, _standing(lesson))
    for row in shown:
        row.conflict = theirs.get(row.student.pk)
    return shown


def _with_state(request: HttpRequest, lesson: Lesson, now: datetime) -> Lesson:
    return lesson if hasattr(lesson, "state") else seen_lesson(request, lesson.pk, now)


def _taken(request: HttpRequest, lesson: Lesson, now: datetime) -> HttpResponse:
    merged = merging.existing(lesson)
    standing = merged.standing
    students = Student.objects.in_bulk(standing.roster)
    ordered = sorted(students.values(), key=lambda student: (student.sort_name, student.legal_name, student.pk))
    context = {
        "lesson": lesson,
        "register": merged.register,
        "counts": standing.counts,
        "present": present(standing),
        "rows": [(student, standing.code_of(student.pk), standing.marks.get(student.pk)) for student in ordered],
        "amendments": [(each, students.get(each.student_id or 0)) for each in merged.amendments],
        "rejected": merged.rejected,
        "may_amend": user_of(request).access.may_amend(lesson, now),
    }
    return render_local(request, "absences/taken.html", lesson.school.time_zone, context)


def _standing(lesson: Lesson) -> list[Document]:
    return sheets.standing_marks(sheets.read(Key(lesson.school_id, lesson.pk)) or {})


def _clock(now: datetime, lesson: Lesson) -> str:
    return now.astimezone(ZoneInfo(lesson.school.time_zone)).strftime("%H:%M")


def present(standing: Standing) -> int:
    """Students without any mark who are not unstated."""
    return len(standing.roster) - len(standing.unstated) - len(standing.marks)


def taken_in_words(lesson: Lesson, standing: Standing) -> str:
    counts = standing.counts
    parts = [_("%(count)s present") % {"count": present(standing)}, _("%(count)s absent") % {"count": counts["absent"]}]
    if counts["late"]:
        parts.append(_("%(count)s late") % {"count": counts["late"]})
    if standing.unstated:
        parts.append(_("%(count)s not stated") % {"count": len(standing.unstated)})
    time = _clock(lesson.register.taken_at, lesson)
    return _("%(group)s: register taken %(time)s. %(counts)s.") % {
        "group": lesson.group.name,
        "time": time,
        "counts": ", ".join(parts),
    }
