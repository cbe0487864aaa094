"""In a fire: every pupil of the school, and where each was last seen."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from absences.office.evacuation import evacuation
from absences.web.lookup import render_local, user_of
from absences.web.office import asked_school, heading, people
from lessons.errors import NotAllowed


@require_safe
@login_required
def page(request: HttpRequest) -> HttpResponse:
    """Shows the list to everybody who works in the school, in any role."""
    schools = people(user_of(request).access)
    if not schools:
        raise NotAllowed(_("This list is for those who work in the school."))
    school, now = asked_school(request, schools), timezone.now()
    context = {
        **heading(request, school, schools),
        "house": evacuation.of_school(school, now),
        "made_at": now,
        "is_office": user_of(request).access.is_office(school.pk),
    }
    return render_local(request, "absences/evacuation.html", school.time_zone, context)
