"""The front desk: find a pupil, sign in late arrivals, sign out early leavers."""

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from absences.office.front_desk import front_desk
from absences.office.front_desk.forms import SignInForm, SignOutForm
from absences.office.front_desk.front_desk import Told
from absences.taking.taken import clock
from absences.web.lookup import render_local, user_of
from absences.web.office import back, office_facts, office_pupil, office_school
from absences.web.words import word
from lessons.calendar import school_time
from lessons.models import DeskEntry, Lesson, School, Student

FOUND = 20


@require_safe
@login_required
def page(request: HttpRequest) -> HttpResponse:
    return _page(request, office_school(request))


@require_POST
@login_required
def sign_in(request: HttpRequest, student: int) -> HttpResponse:
    """Records the arrival and reports it to the registers that expect the pupil; a second click shows the current
    state."""
    now, pupil = timezone.now(), office_pupil(request, student)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, pupil.school, wrong=form, of=pupil)
    entry, made = front_desk.enter(user_of(request), pupil, DeskEntry.Direction.IN, form.cleaned_data["note"], now=now)
    text = _("%(name)s signed in at %(time)s.") if made else _("%(name)s had signed in already, at %(time)s.")
    messages.success(request, text % _named(pupil, entry))
    _say(request, front_desk.tell_registers(user_of(request), pupil, now=now))
    return back(request, "front-desk", pupil.school)


@require_POST
@login_required
def sign_out(request: HttpRequest, student: int) -> HttpResponse:
    """Records that a pupil leaves; a second click shows the current state."""
    now, pupil = timezone.now(), office_pupil(request, student)
    form = SignOutForm(request.POST)
    if not form.is_valid():
        return _page(request, pupil.school, wrong=form, of=pupil)
    entry, made = front_desk.enter(user_of(request), pupil, DeskEntry.Direction.OUT, form.cleaned_data["note"], now=now)
    text = _("%(name)s signed out at %(time)s: %(note)s.")
    again = _("%(name)s had signed out already, at %(time)s: %(note)s.")
    messages.success(request, (text if made else again) % _named(pupil, entry))
    return back(request, "front-desk", pupil.school)


def _named(pupil: Student, entry: DeskEntry) -> dict[str, str]:
    at = school_time.clock(pupil.school.time_zone, entry.at)
    return {"name": pupil.name, "time": at, "note": entry.note.rstrip(".")}


def _say(request: HttpRequest, told: Sequence[Told]) -> None:
    """Adds a message for each register."""
    for each in told:
        if each.unknown:
            text = _("The register of {} could not be told just now. Please press “Sign in” again in a moment.")
            messages.warning(request, format_html(text, _link(each.lesson)))
        elif each.late:
            messages.success(request, format_html(_("{} says: {}."), _link(each.lesson), word(each.code)))
        else:
            text = _("{} says: {}. Nothing was changed there; where that is wrong, please correct it.")
            messages.info(request, format_html(text, _link(each.lesson), word(each.code)))
    if not told:
        messages.info(request, _("No register waits for this pupil just now."))


def _link(lesson: Lesson) -> str:
    facts = (lesson.group.name, lesson.subject or lesson.get_session_display(), clock(lesson.starts_at, lesson))
    return format_html('<a href="{}">{} {} {}</a>', reverse("register", args=[lesson.pk]), *facts)


def _page(
    request: HttpRequest, school: School, wrong: SignInForm | SignOutForm | None = None, of: Student | None = None
) -> HttpResponse:
    now = timezone.now()
    day = school_time.local_date(school.time_zone, now)
    asked = request.GET.get("q", "").strip()
    on_roll = Student.objects.filter(school=school).on_roll(day).in_order()
    found = list(on_roll.named(asked)[: FOUND + 1]) if asked else [of] if of else []
    entries = list(front_desk.entries(school, day))
    last = {entry.student_id: entry for entry in reversed(entries)}
    context = {
        **office_facts(request, school),
        "asked": asked,
        "found": [(pupil, last.get(pupil.pk)) for pupil in found[:FOUND]],
        "more": len(found) > FOUND,
        "entries": entries,
        "day": day,
        "wrong": wrong,
        "of": of.pk if of else 0,
    }
    return render_local(request, "absences/front_desk.html", school.time_zone, context, 400 if wrong else 200)
