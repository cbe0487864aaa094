"""The board of a school's registers, which keeps itself up to date, and reminders sent from it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_POST, require_safe

from absences.office.board import board
from absences.office.board.board import NOW, BoardPeriod
from absences.office.notices import notices
from absences.taking.device import session
from absences.web.lookup import render_local, seen_lesson, user_of
from absences.web.office import back, office_facts, office_school
from lessons.accounts.sessions import in_background


@require_safe
@login_required
def page(request: HttpRequest) -> HttpResponse:
    """Shows the board of the period in `?period=`."""
    now, school = timezone.now(), office_school(request)
    chosen = _period(request)
    context = {
        "version": board.version(school, now),  # read before the board, so that a change in between is fetched later
        **office_facts(request, school),
        "board": board.of(school, chosen, now),
        "periods": board.periods(school, now),
        "words": _words(),
    }
    return render_local(request, "absences/board.html", school.time_zone, context)


def _version(request: HttpRequest) -> str:
    return f'W/"{board.version(office_school(request), timezone.now())}"'


@require_safe
@in_background
def state(request: HttpRequest) -> HttpResponse:
    """Returns the changing part of the page for its script: 304 if unchanged, 401 if nobody is signed in."""
    return _state(request) if request.user.is_authenticated else session(request)


@condition(etag_func=_version)
def _state(request: HttpRequest) -> HttpResponse:
    now, school = timezone.now(), office_school(request)
    context = {**office_facts(request, school), "board": board.of(school, _period(request), now)}
    return render_local(request, "absences/_board.html", school.time_zone, context)


@require_POST
@login_required
def remind(request: HttpRequest, lesson: int) -> HttpResponse:
    """Reminds a lesson's teachers; a second click shows the current state."""
    now = timezone.now()
    found = seen_lesson(request, lesson, now)
    reminded = notices.remind(user_of(request), found, now=now)
    facts = {"lesson": found.group.name, "names": ", ".join(reminded.now or reminded.before)}
    if reminded.now:
        messages.success(request, _("%(names)s will find a reminder of %(lesson)s among today’s lessons.") % facts)
    else:
        messages.info(request, _("%(names)s had been reminded of %(lesson)s already.") % facts)
    return back(request, "board", found.school)


def _period(request: HttpRequest) -> BoardPeriod:
    return BoardPeriod.read(request.GET.get("period") or NOW)


def _words() -> dict[str, str]:
    """Returns the texts that the script shows."""
    return {
        "stale": _("No connection: this is how it was at {0}."),
    }
