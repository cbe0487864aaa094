"""Amending many marks of a register on one page: of all pupils, or of all who are unmarked."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from absences.registers import amendments, merging
from absences.taking import correct_form, register_html
from absences.taking.amend_form import ReasonForm
from absences.taking.correct_form import Corrections
from absences.web.lookup import amendable_lesson, render_local, sent, user_of
from lessons.errors import InvalidInput, OtherMark
from lessons.models import Lesson, Student


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def correct(request: HttpRequest, lesson: int) -> HttpResponse:
    """Shows every pupil with the current mark."""
    return _several(request, lesson, everybody=True)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def again(request: HttpRequest, lesson: int) -> HttpResponse:
    """Shows the unmarked pupils."""
    return _several(request, lesson, everybody=False)


def _several(request: HttpRequest, lesson: int, *, everybody: bool) -> HttpResponse:
    """Adds all the chosen marks, or none if one was changed meanwhile."""
    now = timezone.now()
    found = amendable_lesson(request, lesson, now)
    form = ReasonForm(sent(request), reasons=found.school.reasons, initial=_preset(found, now) if everybody else {})
    if request.method != "POST":
        return _page(request, found, form, Corrections(), everybody)
    why = form.cleaned_data["why"] if form.is_valid() else ""
    roster = [student.pk for student in _students(found, found.register.roster)]
    given = correct_form.read(request.POST, roster, found, why)
    if form.errors or given.errors or given.strangers or not given.changes:
        return _page(request, found, form, given, everybody, 400)
    status = _add(request, found, form, given)
    return _page(request, found, form, given, everybody, status) if status else redirect("register", found.pk)


def _preset(lesson: Lesson, now: datetime) -> dict[str, str]:
    """Returns the preset reason for a lesson that is still in progress."""
    return {"reason": _("Corrected during the lesson")} if now <= lesson.ends_at else {}


def _add(request: HttpRequest, lesson: Lesson, form: ReasonForm, given: Corrections) -> int | None:
    """Adds the amendments; returns the status for the page if none were added. Errors are put on the form."""
    given.changes = correct_form.not_yet_so(given.changes, merging.existing(lesson).state)
    try:
        if given.changes:
            amendments.amend(user_of(request), lesson.pk, given.changes, now=timezone.now(), source="page")
    except OtherMark as error:
        name = Student.objects.get(pk=error.mark["student_id"]).name
        text = _("%(name)s has been given otherwise in the meantime. Nothing was saved: please look at it again.")
        form.add_error(None, text % {"name": name})
        return 409
    except InvalidInput as error:
        given.blame(error.errors)
        return 400
    count = len(given.changes)
    text = ngettext("%(count)s mark was added.", "%(count)s marks were added.", count)
    messages.success(request, text % {"count": count})
    return None


def _page(
    request: HttpRequest, lesson: Lesson, form: ReasonForm, given: Corrections, everybody: bool, status: int = 200
) -> HttpResponse:
    state = merging.existing(lesson).state
    students = list(_students(lesson, state.roster if everybody else state.unstated))
    rows = correct_form.rows(students, state)
    if request.method == "POST":
        correct_form.put_back(request.POST, rows, given.errors, seen=status == 400)
    context = {
        "lesson": lesson,
        "form": form,
        "rows": rows,
        "pupils": register_html.pupils(rows),
        "everybody": everybody,
        "marked": sum(bool(row.code) for row in rows),
        "nobody": status == 400 and not (given.changes or given.errors or given.strangers),
        "strangers": given.strangers,
        "errors": bool(given.errors),
    }
    return render_local(request, "absences/correct.html", lesson.school.time_zone, context, status)


def _students(lesson: Lesson, some: Iterable[int]) -> Iterable[Student]:
    """Returns students in the order of the register."""
    return Student.objects.filter(school=lesson.school_id, pk__in=some).in_order()
