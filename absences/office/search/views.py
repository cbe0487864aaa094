"""The search page for pupils, groups and, in the office, colleagues."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from absences.office.search import search
from absences.web.lookup import pupil_page, user_of
from lessons.errors import NotAllowed

LONGEST = 200


@require_safe
@login_required
def page(request: HttpRequest) -> HttpResponse:
    """Searches for `?q=`; without it, shows how to search."""
    user = user_of(request)
    if not user.access.acting:
        raise NotAllowed(_("Only those who work in a school can search it."))
    asked = request.GET.get("q", "").strip()[:LONGEST]
    found = search.find(user, asked, timezone.now()) if asked else None
    context = {
        "asked": asked,
        "found": found,
        "pupils": [(each, pupil_page(user, each.student)) for each in found.pupils] if found else [],
        "is_office": any(map(user.access.is_office, user.access.acting)),
        "several": len(user.access.acting) > 1,
    }
    return render(request, "absences/finding.html", context)
