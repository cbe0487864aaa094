"""The register of one lesson, taken as a plain form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from absences.registers import completion, late
from absences.reporting import service, tickets
from absences.store.sheets import Key
from absences.store.times import as_stored
from absences.taking import as_of, open_register, register_form, taken
from absences.taking.register_form import PupilRow, SentForm
from absences.web.lookup import seen_lesson, user_of
from lessons.errors import NotFound, Refused
from lessons.models import Lesson


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def register(request: HttpRequest, lesson: int) -> HttpResponse:
    """Shows the register; a form that is sent saves what changed."""
    now = timezone.now()
    found = seen_lesson(request, lesson, now)
    if request.method != "POST":
        return _shown(request, found, now)
    if found.state in ("scheduled", "cancelled"):
        return open_register.page(request, found, now, status=409)
    saved = _save(request, found, now)
    if saved.error_page:
        return saved.error_page
    _say_saved(request, saved, found, now)
    return redirect("register", found.pk)


def _shown(request: HttpRequest, lesson: Lesson, now: datetime) -> HttpResponse:
    if lesson.is_completed:
        return taken.page(request, lesson, now)
    if as_of.asked(request, lesson.school, now):
        raise NotFound(_("This register has not been taken yet."))
    return open_register.page(request, lesson, now)


@require_POST
@login_required
def complete(request: HttpRequest, lesson: int) -> HttpResponse:
    """Saves what changed, then completes the lesson. Sent again, it shows the register that was made then."""
    now = timezone.now()
    found = completion.authorise(user_of(request), lesson, now)
    saved = _save(request, found, now, finishing=True)
    if saved.error_page:
        return saved.error_page
    seen = [pk for pk in saved.sent.roster_seen if pk in saved.roster and pk not in saved.sent.unconfirmed]
    try:
        done = completion.complete(user_of(request), found.pk, now=now, roster_seen=seen, source="page")
    except Refused as error:
        return _once_more(request, found, error, now)
    merged = done.merged
    said = taken.in_words(merged.lesson, merged.state)
    if merged.register.by_id != user_of(request).pk:
        who = merged.register.by_name
        messages.info(request, _("%(who)s had finished this register already. %(said)s") % {"who": who, "said": said})
        return redirect("register", found.pk)
    link = (reverse("register", args=[found.pk]), _("See or correct it"))
    messages.success(request, format_html('{} <a href="{}">{}</a>', said, *link))
    return redirect("today")


@dataclass
class Saved:
    """The result of saving a form. `error_page` is the answer if the form could not be saved as it was sent. `late`
    says that the register had been completed before, `waits` that the reports are not in it yet, and `replayed` that
    some reports had been sent before."""

    sent: SentForm
    roster: Sequence[int]
    error_page: HttpResponse | None = None
    late: bool = False
    waits: bool = False
    replayed: bool = False


def _save(request: HttpRequest, lesson: Lesson, now: datetime, *, finishing: bool = False) -> Saved:
    """Reports what the form changed. Answers with an error page where something is wrong, and then nothing was written;
    or where a colleague has marked a pupil differently meanwhile, and then everything else was."""
    user = user_of(request)
    students = lesson.enrolled()
    roster = [student.pk for student in students]
    planned = open_register.planned(lesson) if any(name.startswith("plan-") for name in request.POST) else {}
    claims = tickets.claims_for(user, lesson, roster, now, planned)
    sent = register_form.read(request.POST, roster, claims, lesson, now, finishing=finishing)
    if sent.errors or sent.strangers:
        rows = _again(request, register_form.rows(students, open_register.marks(lesson), planned), sent, claims)
        return Saved(sent, roster, open_register.page(request, lesson, now, rows, 400))
    stored = service.report(claims, lesson.pk, sent.reports, now) if sent.reports else []
    came_late = any(each.state == "late" for each in stored)
    waits = came_late and not late.merge_soon(Key(lesson.school_id, lesson.pk), now)
    if conflicts := register_form.conflicts(sent.reports, stored):
        rows = register_form.rows(students, open_register.marks(lesson), planned)
        for row in rows:
            row.mine = conflicts.get(row.student.pk)
        return Saved(sent, roster, open_register.page(request, lesson, now, rows, 409))
    before = as_stored(now)
    replayed = any(each.mark["at"] < before and each.mark["by"] == user.pk for each in stored)
    return Saved(sent, roster, late=came_late, waits=waits, replayed=replayed)


def _say_saved(request: HttpRequest, saved: Saved, lesson: Lesson, now: datetime) -> None:
    if saved.replayed:
        messages.warning(request, _("This page had been sent before. Please check what stands here now."))
    elif saved.waits:
        text = _("This register had been taken already: what you sent is kept, and will be added to it in a moment.")
        messages.warning(request, text)
    elif saved.late:
        text = _("This register had been taken already: what you sent was added to it, as the list of changes says.")
        messages.warning(request, text)
    elif saved.sent.reports:
        messages.success(request, _("Saved at %(time)s.") % {"time": taken.clock(now, lesson)})
    else:
        messages.info(request, _("Nothing had changed."))


def _once_more(request: HttpRequest, lesson: Lesson, error: Refused, now: datetime) -> HttpResponse:
    """The register to finish again, with every mark: those that were sent are on its sheet by now."""
    rows = register_form.rows(lesson.enrolled(), open_register.marks(lesson), open_register.planned(lesson))
    messages.error(request, _("%(why)s Try again in a moment.") % {"why": error.detail})
    response = open_register.page(request, lesson, now, rows, status=503)
    response["Retry-After"] = str(error.retry_after)
    return response


def _again(request: HttpRequest, shown: list[PupilRow], sent: SentForm, claims: tickets.Claims) -> list[PupilRow]:
    """The rows with what was chosen, and each error beside its pupil. Nothing was written."""
    for row in shown:
        row.error = sent.errors.get(row.student.pk, "")
    register_form.put_back(request.POST, shown, claims)
    if sent.strangers:
        messages.error(request, _("The class list has changed, and nothing was saved. Please look at it again."))
    return shown
