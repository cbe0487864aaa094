"""Absences without a reason, and the forms in which the office gives them one after another."""

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, pairwise

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from absences.office.follow_up import follow_up
from absences.office.follow_up.follow_up import Explained, PupilDay, Wanted
from absences.office.follow_up.forms import ExplainForm
from absences.taking.taken import clock
from absences.web import period
from absences.web.lookup import render_local, user_of
from absences.web.office import asked_year, back, chosen_id, office_facts, office_pupil, office_school, years
from absences.web.words import word
from lessons import codes
from lessons.calendar import school_time
from lessons.errors import FieldError, InvalidInput, NotFound
from lessons.models import Group, Lesson, School, Student

WEEKS = timedelta(days=27)  # four, including today
SHOWN = 50  # pupils' days on one page
MOST_LESSONS = 50  # in one day
KEY = re.compile(r"[1-9][0-9]{0,18}-[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class DayRow:
    """A day on the page, with the key of the next one and the errors of its form."""

    day: PupilDay
    following: str
    focus: bool
    wrong: ExplainForm | None

    @property
    def code(self) -> str:
        """Returns the code that was submitted, or the planned one."""
        if self.wrong:
            return str(self.wrong.data.get("code", ""))
        return self.day.plan.code if self.day.plan else ""

    @property
    def reason(self) -> str:
        return str(self.wrong.data.get("reason", "")) if self.wrong else self.day.suggested_reason


@require_safe
@login_required
def page(request: HttpRequest) -> HttpResponse:
    return _page(request, office_school(request))


@require_POST
@login_required
def explain(request: HttpRequest, student: int) -> HttpResponse:
    """Gives the ticked marks of a pupil a reason and goes on to the next; a second submission shows the current
    state."""
    pupil = office_pupil(request, student)
    form = ExplainForm(request.POST, _lessons(request, pupil))
    if not form.is_valid():
        return _page(request, pupil.school, wrong=form, key=f"{pupil.pk}-{request.POST.get('day', '')}")
    code, reason = form.cleaned_data["code"], form.cleaned_data["reason"]
    said = follow_up.explain(user_of(request), pupil, form.lessons, code, reason, now=timezone.now())
    _say(request, pupil, said, code)
    following = request.POST.get("next", "")
    return back(request, "follow-up", pupil.school, next=following if KEY.fullmatch(following) else "first")


def _lessons(request: HttpRequest, pupil: Student) -> list[Lesson]:
    """Returns the ticked lessons. Raises NotFound if one has no register with this pupil."""
    ids = {chosen_id(given) for given in request.POST.getlist("lesson")}
    if len(ids) > MOST_LESSONS:
        raise InvalidInput([FieldError("/lesson", "too_many", _("So many lessons cannot be explained at once."))])
    known = Lesson.objects.filter(school=pupil.school_id, pk__in=ids, register__isnull=False)
    lessons = list(known.with_register().order_by("starts_at", "pk"))
    if len(lessons) < len(ids) or any(pupil.pk not in lesson.register.roster for lesson in lessons):
        raise NotFound(_("One of these lessons has no register with this pupil."))
    return lessons


def _say(request: HttpRequest, pupil: Student, said: Explained, code: str) -> None:
    known = {"name": pupil.name, "reason": codes.title(code)}
    if said.done:
        text = ngettext(
            "%(name)s: %(reason)s, in one lesson.", "%(name)s: %(reason)s, in %(count)s lessons.", len(said.done)
        )
        messages.success(request, text % {**known, "count": len(said.done)})
    for lesson, stands in said.otherwise.items():
        text = _("%(name)s, %(lesson)s: “%(mark)s” by now, so nothing was changed there.")
        messages.warning(request, text % {**known, "lesson": _named(lesson), "mark": word(stands)})
    for lesson in said.closed:
        text = _("%(name)s, %(lesson)s: the office’s time for amending is over. The school’s admin still can.")
        messages.warning(request, text % {**known, "lesson": _named(lesson)})


def _named(lesson: Lesson) -> str:
    return f"{lesson.group.name} {clock(lesson.starts_at, lesson)}"


def _page(request: HttpRequest, school: School, wrong: ExplainForm | None = None, key: str = "") -> HttpResponse:
    now = timezone.now()
    today = school_time.local_date(school.time_zone, now)
    wanted = _wanted(request, school)
    pupils = follow_up.of_school(user_of(request), school, wanted, now=now, today=today)
    days = list(chain.from_iterable(pupils))
    rows = _rows(request, pupils, wrong, key)
    context = {
        **office_facts(request, school),
        "wanted": wanted,
        "today": today,
        "pupils": rows,
        "marks": sum(len(day.lessons) for day in days),
        "days": len(days),
        "hidden": len(days) - sum(map(len, rows)),
        "over": sum(day.deadline.is_over for day in days),
        "wrong": wrong,
        "groups": Group.objects.filter(school=school),
        "years": years(school),
        "year": wanted.year_group,
        "made_at": now,
    }
    return render_local(request, "absences/follow_up.html", school.time_zone, context, 400 if wrong else 200)


def _wanted(request: HttpRequest, school: School) -> Wanted:
    """Returns the query: `day`, or `from` and `to`, by default the last weeks; `year` and `group`."""
    now = timezone.now()
    if request.GET.get("day"):
        today = school_time.local_date(school.time_zone, now)
        day = today if request.GET["day"] == "today" else period.day(request, "day", today)
        asked = period.Period(day, day)
    else:
        asked = period.asked(request, school, now, back=WEEKS)
    return Wanted(asked.first, asked.last, asked_year(request), _group(request, school))


def _group(request: HttpRequest, school: School) -> int | None:
    """Returns the group's id. Raises NotFound for another school's."""
    given = request.GET.get("group")
    if not given:
        return None
    found = Group.objects.filter(school=school, pk=chosen_id(given)).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound(_("There is no such group, or it is not yours to see."))
    return found


def _rows(
    request: HttpRequest, pupils: list[list[PupilDay]], wrong: ExplainForm | None, key: str
) -> list[list[DayRow]]:
    """Returns the most urgent pupils that fit on a page, or all with `?all=1`. With `next` the focus is on that day, or
    on the first if that has its reason already."""
    shown: list[list[PupilDay]] = []
    count = 0
    for days in pupils:
        count += len(days)
        if shown and count > SHOWN and "all" not in request.GET:
            break
        shown.append(days)
    keys = [day.key for day in chain.from_iterable(shown) if day.open]
    following = dict(pairwise(keys))
    wanted = key or request.GET.get("next", "")
    focus = wanted if wanted in keys or not wanted else next(iter(keys), "")
    return [
        [DayRow(day, following.get(day.key, ""), day.key == focus, wrong if day.key == key else None) for day in days]
        for days in shown
    ]
