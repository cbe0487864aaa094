"""What the pages share."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from lessons.errors import NotFound
from lessons.models import Lesson, User


def user_of(request: HttpRequest) -> User:
    """Of a view behind `login_required`."""
    return cast(User, request.user)


def seen_lesson(request: HttpRequest, lesson_id: int, now: datetime) -> Lesson:
    """The lesson with its state and people. Raises NotFound where this user may not see it."""
    seen = Lesson.objects.for_user(user_of(request), now).with_state(now).with_people()
    lesson = seen.filter(pk=lesson_id).first()
    if lesson is None:
        raise NotFound("There is no such lesson, or it is not yours to see.")
    return lesson


def render_local(
    request: HttpRequest, template: str, zone: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """A page that tells the time as the school's clocks do."""
    with timezone.override(ZoneInfo(zone)):
        return render(request, template, dict(context), status=status)
