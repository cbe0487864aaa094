"""Finding the lesson, pupil or user of a page, and rendering the page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from absences.web.template_cache import fill
from lessons.errors import NotAllowed, NotFound
from lessons.models import Lesson, Register, RejectedReport, Student, User
from lessons.roles import Role


def user_of(request: HttpRequest) -> User:
    """Returns the user, for views behind `login_required`. Raises NotAllowed for another system's account, which a user
    can become while signed in."""
    user = cast(User, request.user)
    if not user.access.is_person:
        raise NotAllowed(_("This account is another system’s: it uses the API, and has no pages."))
    return user


def seen_lesson(request: HttpRequest, lesson_id: int, now: datetime) -> Lesson:
    """Returns the lesson with its state and people. Raises NotFound if this user may not see it."""
    lesson = Lesson.one_for_user(user_of(request), lesson_id, now)
    if lesson is None:
        raise NotFound(_("There is no such lesson, or it is not yours to see."))
    return lesson


def taken_lesson(request: HttpRequest, lesson_id: int, now: datetime) -> Lesson:
    """Like `seen_lesson`; also raises NotFound if its register has not been taken."""
    lesson = seen_lesson(request, lesson_id, now)
    if not lesson.is_completed:
        raise NotFound(_("This register has not been taken yet."))
    return lesson


def amendable_lesson(request: HttpRequest, lesson_id: int, now: datetime) -> Lesson:
    """Like `taken_lesson`; raises NotAllowed if this user may not amend it."""
    lesson = taken_lesson(request, lesson_id, now)
    if not user_of(request).access.may_amend(lesson, now):
        raise NotAllowed(_("You may not amend this register, or its time for amending is over."))
    return lesson


def sent(request: HttpRequest) -> QueryDict | None:
    """Returns the form that was sent, or None. An empty form counts as sent."""
    return request.POST if request.method == "POST" else None


def registered_lesson(request: HttpRequest, lesson_id: int) -> Lesson:
    """Returns a lesson whose register this user may see, not only take: staff of the lesson, and the whole-school
    roles."""
    seen = Register.objects.for_user(user_of(request)).filter(pk=lesson_id)
    lesson = Lesson.objects.with_people().filter(pk__in=seen.values("pk")).first()
    if lesson is None:
        raise NotFound(_("There is no register of this lesson, or it is not yours to see."))
    return lesson


def of_roster(lesson: Lesson, student_id: int) -> Student:
    """Returns a student on the roster of a completed lesson. Raises NotFound."""
    if student_id not in lesson.register.roster:
        raise NotFound(_("This student is not on the roster of this lesson."))
    return Student.objects.get(pk=student_id, school=lesson.school_id)


def seen_pupil(request: HttpRequest, student_id: int) -> Student:
    """Returns the student. Raises NotFound if this user may not see them, NotAllowed for a user who sees them only as
    another system."""
    user = user_of(request)
    found = Student.objects.for_user(user).select_related("school").filter(pk=student_id).first()
    if found is None:
        raise NotFound(_("There is no such student, or the student is not yours to see."))
    if not pupil_page(user, found):
        raise NotAllowed(_("This page is for the pupil’s teachers and the school’s office."))
    return found


def pupil_page(user: User, student: Student) -> str:
    """Returns the address of a pupil's page, or an empty text if this user may not open it."""
    pages_for = user.access.schools(Role.ADMIN, Role.OFFICE, Role.TEACHER)
    return reverse("student", args=[student.pk]) if student.school_id in pages_for else ""


def rejected_on(lesson: Lesson) -> list[tuple[RejectedReport, Student | None]]:
    """Returns the rejected reports on a lesson, each with its student, if there is one."""
    reports = list(lesson.rejected.all())
    students = Student.objects.filter(school=lesson.school_id).in_bulk([report.student_id for report in reports])
    return [(report, students.get(report.student_id)) for report in reports]


def render_filled(
    request: HttpRequest, template: str, kind: Mapping[str, Any], values: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Renders a filled template (`template_cache.py`), with `bar` and `messages` among the values."""
    waiting = messages.get_messages(request)
    said = render_to_string("messages.html", {"messages": waiting}) if len(waiting) else ""
    return HttpResponse(fill(template, kind, {**values, "messages": said}), status=status)


def render_local(
    request: HttpRequest, template: str, zone: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Renders a page with times on the school's clocks."""
    with timezone.override(ZoneInfo(zone)):
        return render(request, template, dict(context), status=status)
