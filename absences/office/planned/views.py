"""Planned absences, entered by the office."""

from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from absences.office.planned.forms import PlanForm
from absences.web.lookup import render_local, sent, user_of
from absences.web.office import back, office_facts, office_pupil, office_school
from lessons.calendar import school_time
from lessons.errors import NotAllowed, NotFound
from lessons.models import PlannedAbsence, School, Student
from lessons.models.base import signature

FOUND = 20
SHOWN = 200
FIELDS = ("first_day", "last_day", "from_time", "until_time", "code", "reason")


@require_safe
@login_required
def plans(request: HttpRequest) -> HttpResponse:
    """Lists current and coming absences, or past ones with `past`, of pupils whose names match `q`."""
    school = office_school(request)
    today, past, asked = _today(school), "past" in request.GET, request.GET.get("q", "").strip()
    rows = PlannedAbsence.objects.filter(school=school).select_related("student")
    rows = rows.filter(last_day__lt=today).order_by("-last_day", "-pk") if past else rows.filter(last_day__gte=today)
    if asked:
        rows = rows.filter(student__in=Student.objects.filter(school=school).named(asked))
    found = list(rows[: SHOWN + 1])
    context = {
        **office_facts(request, school),
        "plans": found[:SHOWN],
        "more": len(found) > SHOWN,
        "past": past,
        "asked": asked,
        "today": today,
    }
    return render_local(request, "absences/planned.html", school.time_zone, context)


@require_safe
@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """Lists pupils to plan an absence for."""
    school = office_school(request)
    asked = request.GET.get("q", "").strip()
    pupils = Student.objects.filter(school=school).on_roll(_today(school)).in_order()
    found = list(pupils.named(asked)[: FOUND + 1]) if asked else []
    context = {**office_facts(request, school), "asked": asked, "found": found[:FOUND], "more": len(found) > FOUND}
    return render_local(request, "absences/planned_choose.html", school.time_zone, context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add(request: HttpRequest, student: int) -> HttpResponse:
    """Adds a planned absence; a repeated submission adds it once."""
    pupil = office_pupil(request, student)
    plan = PlannedAbsence(school=pupil.school, student=pupil)
    form = PlanForm(sent(request), instance=plan, today=_today(pupil.school))
    if request.method == "POST" and form.is_valid():
        made = _enter(request, plan)
        text = _("The absence of %(name)s is planned.") if made else _("This absence of %(name)s was planned already.")
        messages.success(request, text % {"name": pupil.name})
        return back(request, "planned", pupil.school)
    return _form(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change(request: HttpRequest, plan: int) -> HttpResponse:
    found = _seen(request, plan)
    form = PlanForm(sent(request), instance=found, today=_today(found.school))
    if request.method == "POST" and form.is_valid():
        _sign(request, found)
        found.save()
        messages.success(request, _("The planned absence of %(name)s was changed.") % {"name": found.student.name})
        return back(request, "planned", found.school)
    return _form(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: HttpRequest, plan: int) -> HttpResponse:
    found = _seen(request, plan)
    if request.method == "POST":
        found.delete()
        text = _("The planned absence of %(name)s was deleted. Marks that were made with it stay as they are.")
        messages.success(request, text % {"name": found.student.name})
        return back(request, "planned", found.school)
    context = {**office_facts(request, found.school), "plan": found}
    return render_local(request, "absences/planned_delete.html", found.school.time_zone, context)


def _seen(request: HttpRequest, plan_id: int) -> PlannedAbsence:
    """Returns the planned absence, for the school's office. Raises NotFound if this user may not see the pupil,
    NotAllowed for other roles."""
    user = user_of(request)
    seen = PlannedAbsence.objects.for_user(user).select_related("school", "student")
    found = seen.filter(pk=plan_id).first()
    if found is None:
        raise NotFound(_("There is no such planned absence, or it was deleted meanwhile."))
    if not user.access.is_office(found.school_id):
        raise NotAllowed(_("This page is for the school’s office."))
    return found


def _enter(request: HttpRequest, plan: PlannedAbsence) -> bool:
    """Saves the absence; returns whether it is new."""
    with transaction.atomic():
        Student.objects.select_for_update().get(pk=plan.student_id)
        same = {name: getattr(plan, name) for name in FIELDS}
        if PlannedAbsence.objects.filter(student=plan.student_id, **same).exists():
            return False
        _sign(request, plan)
        plan.save()
        return True


def _sign(request: HttpRequest, plan: PlannedAbsence) -> None:
    for name, value in signature(user_of(request), plan.school_id).items():
        setattr(plan, name, value)


def _form(request: HttpRequest, form: PlanForm) -> HttpResponse:
    plan = form.instance
    context = {**office_facts(request, plan.school), "form": form, "plan": plan}
    status = 400 if form.errors else 200
    return render_local(request, "absences/planned_form.html", plan.school.time_zone, context, status)


def _today(school: School) -> date:
    return school_time.local_date(school.time_zone, timezone.now())
