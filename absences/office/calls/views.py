"""First-day calls: pupils absent today without a reason, and the outcome of each call."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from absences.office.calls import calls
from absences.office.calls.forms import ContactForm
from absences.web.lookup import render_local, user_of
from absences.web.office import asked_year, back, office_facts, office_pupil, office_school, years
from lessons.calendar import school_time
from lessons.models import Contact, School


@require_safe
@login_required
def page(request: HttpRequest) -> HttpResponse:
    """Lists them; `?year=` as on the page of unexplained absences."""
    return _page(request, office_school(request))


@require_POST
@login_required
def note_down(request: HttpRequest, student: int) -> HttpResponse:
    """Saves the outcome of a call; a second submission shows the current state."""
    pupil = office_pupil(request, student)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _page(request, pupil.school, wrong=form, of=pupil.pk)
    said = form.cleaned_data
    contact, made = calls.note_down(user_of(request), pupil, said["outcome"], said["note"], now=timezone.now())
    text = _("%(name)s: “%(outcome)s” is noted.") if made else _("%(name)s: “%(outcome)s” had been noted already.")
    messages.success(request, text % {"name": pupil.name, "outcome": contact.get_outcome_display()})
    return back(request, "calls", pupil.school)


def _page(request: HttpRequest, school: School, wrong: ContactForm | None = None, of: int = 0) -> HttpResponse:
    now = timezone.now()
    day = school_time.local_date(school.time_zone, now)
    year = asked_year(request)
    missing = calls.missing(school, day, year)
    context = {
        **office_facts(request, school),
        "day": day,
        "missing": missing,
        "years": years(school),
        "year": year,
        "waiting": sum(not each.contacts for each in missing),
        "outcomes": Contact.Outcome.choices,
        "wrong": wrong,
        "of": of,
        "made_at": now,
    }
    return render_local(request, "absences/calls.html", school.time_zone, context, 400 if wrong else 200)
