"""Amending a register, and voiding it, with plain forms."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from absences.registers import amendments, merging
from absences.taking.amend_form import AmendForm, ReasonForm
from absences.web.lookup import amendable_lesson, of_roster, render_local, sent, user_of
from lessons import codes
from lessons.errors import InvalidInput, OtherMark
from lessons.models import Lesson
from lessons.models.permissions import allowed_codes


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def amend(request: HttpRequest, lesson: int, student: int) -> HttpResponse:
    """Amends one student's mark; the first entry is kept."""
    found = amendable_lesson(request, lesson, timezone.now())
    pupil = of_roster(found, student)
    mark = merging.existing(found).state
    form = AmendForm(
        sent(request),
        allowed=_allowed(request, found),
        reasons=found.school.reasons,
        initial={"expected": mark.code_of(pupil.pk) or ""},
    )
    if request.method == "POST" and form.is_valid():
        try:
            change = form.change(pupil)
            amendments.amend(user_of(request), found.pk, [change], now=timezone.now(), source="page")
        except OtherMark:
            form.add_error(
                None, _("This mark was changed in the meantime. Nothing was saved: please look at it again.")
            )
        except InvalidInput as error:
            form.add_error(None, error.errors[0].detail)
        else:
            messages.success(request, _("%(name)s: the correction was added.") % {"name": pupil.name})
            return redirect("register", found.pk)
    context = {"lesson": found, "student": pupil, "form": form, "code": mark.code_of(pupil.pk)}
    return render_local(request, "absences/amend.html", found.school.time_zone, context, 400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def void(request: HttpRequest, lesson: int) -> HttpResponse:
    """Voids a register that was taken by mistake."""
    found = amendable_lesson(request, lesson, timezone.now())
    form = ReasonForm(sent(request), reasons=found.school.reasons)
    if request.method == "POST" and form.is_valid():
        amendments.void(user_of(request), found.pk, form.cleaned_data["why"], now=timezone.now(), source="page")
        messages.success(request, _("The register was withdrawn: everyone is unstated until given again."))
        return redirect("register", found.pk)
    context = {"lesson": found, "form": form}
    return render_local(request, "absences/void.html", found.school.time_zone, context, 400 if form.errors else 200)


def _allowed(request: HttpRequest, lesson: Lesson) -> list[codes.Code]:
    role = user_of(request).access.in_school(lesson.school_id).role
    allowed = allowed_codes(role, lesson)
    known = codes.code_set(lesson.school.nation, lesson.date).codes
    return [code for name, code in known.items() if name in allowed]
