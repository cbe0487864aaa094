"""Notices: a teacher tells the office about somebody in the room, and the addressee marks the notice as done."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from absences.office.notices import notices
from absences.office.notices.forms import SomeoneElseForm
from absences.web.lookup import seen_lesson, user_of
from absences.web.office import back
from lessons.errors import NotFound
from lessons.models import Notice


@require_POST
@login_required
def someone_else(request: HttpRequest, lesson: int) -> HttpResponse:
    """Tells the office, in the teacher's words, who is in the room but not on the roster; a repeated submission tells
    it once."""
    now = timezone.now()
    found = seen_lesson(request, lesson, now)
    form = SomeoneElseForm(request.POST)
    if form.is_valid():
        notices.tell_office(user_of(request), found, form.cleaned_data["text"], now=now)
        messages.success(request, _("The office has been told. The register is as it was."))
    else:
        messages.error(request, _("The office was not told: write who it is, in at most 200 characters."))
    return redirect("register", found.pk)


@require_POST
@login_required
def done(request: HttpRequest, notice: int) -> HttpResponse:
    """Marks a notice as done, for its addressee or their office; repeating changes nothing."""
    found = Notice.objects.for_user(user_of(request)).select_related("school").filter(pk=notice).first()
    if found is None:
        raise NotFound(_("There is no such notice, or it is not for you."))
    found.done(timezone.now())
    return redirect("today") if found.to_id else back(request, "board", found.school)
