"""A pupil who arrives after the register was taken: one tap on its page."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from absences.registers import arrivals
from absences.web.lookup import of_roster, taken_lesson, user_of
from absences.web.words import word
from lessons import codes
from lessons.models import Student
from lessons.registers.state import RegisterState


@require_POST
@login_required
def arrive(request: HttpRequest, lesson: int, student: int) -> HttpResponse:
    """Records an arrival; a second tap shows the current state."""
    now = timezone.now()
    found = taken_lesson(request, lesson, now)
    pupil = of_roster(found, student)
    _say(request, pupil, arrivals.arrive(user_of(request), found, pupil.pk, now=now))
    return redirect(f"{reverse('register', args=[found.pk])}#pupil-{pupil.pk}")


def _say(request: HttpRequest, pupil: Student, stands: RegisterState) -> None:
    code, minutes = stands.code_of(pupil.pk), stands.minutes_of(pupil.pk)
    said = {"name": pupil.name, "mark": word(code).lower(), "minutes": minutes}
    if code in codes.ARRIVAL_CODES:
        text = _("%(name)s has arrived: %(mark)s (%(minutes)s min).") if minutes else _("%(name)s: %(mark)s.")
        messages.success(request, text % said)
    elif code in arrivals.AWAITED:
        text = _("That %(name)s has arrived is kept, and comes into the register in a moment.")
        messages.info(request, text % said)
    else:
        text = _("The register says of %(name)s: %(mark)s. Where that is wrong, please correct it.")
        messages.warning(request, text % said)
