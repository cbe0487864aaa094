"""Today: the lessons of a day, the current one first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from absences.store import marks, orphans
from absences.store.marks import current_marks
from absences.taking import script
from absences.taking.close import may_close
from absences.web import office
from absences.web.lookup import render_local, user_of
from lessons.accounts.sessions import is_own
from lessons.calendar import school_time
from lessons.errors import NotAllowed, NotFound, StoreUnavailable
from lessons.models import Lesson, Notice, School, User
from lessons.models.permissions import Access
from lessons.prepared import prepared


@dataclass(frozen=True)
class LessonEntry:
    """One lesson on the page; `marked` is None if unknown. `closable`: it is over, and nobody has completed it."""

    lesson: Lesson
    marked: int | None
    current: bool = False
    closable: bool = False


@dataclass(frozen=True)
class TodaySection:
    """Lessons under one heading; those of a `whole_school` are many, and shown as a line each."""

    title: str
    entries: Sequence[LessonEntry]
    whole_school: bool = False


@require_safe
@login_required
def today(request: HttpRequest) -> HttpResponse:
    now, access = timezone.now(), user_of(request).access
    if not access.acting:
        return redirect("stats") if access.is_operator else render(request, "absences/no_role.html")
    school = next(iter(access.acting.values())).school
    this_day = school_time.local_date(school.time_zone, now)
    if "date" not in request.GET and _looks_after_others(user_of(request), this_day):
        return redirect("board")
    day = _day(request.GET.get("date"), this_day)
    seen = Lesson.objects.for_user(user_of(request), now)
    schools = [acting.school for acting in access.acting.values()]
    of_day = seen.today(schools, now) if day == this_day else seen.filter(date=day)
    lessons = list(of_day.with_state(now).with_people())
    known = marks.if_known(marks.count_by_lesson, [lesson for lesson in lessons if lesson.state == "due"])
    marked = known or {}
    own, of_school, cover = _split(access, lessons)
    entries = _entries(own, marked, now)
    context = {
        "school": school,
        "day": day,
        "is_today": day == this_day,
        "previous": day - timedelta(days=1) if day > date.min else None,
        "next": day + timedelta(days=1) if day < date.max else None,
        "sections": [
            *([TodaySection(_("Your lessons") if of_school else "", entries)] if entries else []),
            *_by_state(of_school, marked, user_of(request), now),
        ],
        "whole_school": bool(access.whole_schools()),
        "cover": [LessonEntry(lesson, marked.get(lesson.pk)) for lesson in cover],
        "marks_unknown": known is None,
        "facts": {"user": request.user.pk, "own": is_own(request)},
        "words": script.script(script.words_of_today),
        "reminders": _reminders(user_of(request)),
        "office_pages": office.pages(access),
        "unplaced": _unplaced(access) if day == this_day else 0,
    }
    return render_local(request, "absences/today.html", school.time_zone, context)


@require_safe
@login_required
def unplaced(request: HttpRequest) -> HttpResponse:
    """Shows the office reports for lessons that the school does not have."""
    schools = user_of(request).access.whole_schools()
    if not schools:
        raise NotAllowed(_("These reports are for the school’s office."))
    found = orphans.of_schools(schools)
    zone = School.objects.get(pk=schools[0]).time_zone
    reports = [{**mark, "lesson": orphan["lesson"]} for orphan in found for mark in current_marks(orphan)]
    return render_local(request, "absences/unplaced.html", zone, {"reports": reports})


def _looks_after_others(user: User, day: date) -> bool:
    """Returns whether the user is in an office and has no lessons that day."""
    return bool(user.access.offices()) and not Lesson.objects.filter(date=day, staff__user=user).exists()


def _day(given: str | None, this_day: date) -> date:
    if given in (None, "today"):
        return this_day
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise NotFound(_("There is no such day.")) from None


def _split(access: Access, lessons: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson], list[Lesson]]:
    """Splits lessons into the user's own, others of schools that the user sees all of, and those to take as cover."""
    whole = access.whole_schools()
    own = [lesson for lesson in lessons if lesson.own]
    others = [lesson for lesson in lessons if not lesson.own]
    of_school = [lesson for lesson in others if lesson.school_id in whole]
    return own, of_school, [each for each in others if each.school_id not in whole and each.state == "due"]


def _entries(lessons: Sequence[Lesson], marked: dict[int, int], now: datetime) -> list[LessonEntry]:
    """Returns entries in the order of the day, with the one to take now, if there is one, first."""
    due = [lesson for lesson in lessons if lesson.state == "due"]
    running = [lesson for lesson in due if now <= lesson.ends_at]
    first = next(iter(running or due), None)
    ordered = sorted(lessons, key=lambda lesson: (lesson is not first, lesson.starts_at, lesson.pk))
    return [LessonEntry(lesson, marked.get(lesson.pk), lesson is first) for lesson in ordered]


def _by_state(lessons: Sequence[Lesson], marked: dict[int, int], user: User, now: datetime) -> list[TodaySection]:
    """Returns sections, with unfinished lessons first."""
    titles = {
        "due": pgettext("registers", "To be taken"),
        "completed": pgettext("registers", "Taken"),
        "scheduled": pgettext("registers", "Not yet open"),
        "cancelled": pgettext("lessons", "Cancelled"),
    }
    return [
        TodaySection(
            title,
            [LessonEntry(lesson, marked.get(lesson.pk), closable=may_close(user, lesson, now)) for lesson in found],
            whole_school=True,
        )
        for state, title in titles.items()
        if (found := [lesson for lesson in lessons if lesson.state == state])
    ]


def _reminders(user: User) -> list[Notice]:
    return [notice for notice in _open_to(user.pk) if notice.school_id in user.access.acting]


@prepared
def _open_to(user_id: int) -> QuerySet[Notice]:
    return Notice.objects.open().filter(to=user_id).select_related("lesson__group", "lesson__school")


def _unplaced(access: Access) -> int:
    schools = access.whole_schools()
    if not schools:
        return 0
    try:
        return orphans.count_of_schools(schools)
    except StoreUnavailable:
        return 0
