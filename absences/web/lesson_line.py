"""The texts of a line about a lesson, in every list of lessons."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from lessons.models import Lesson


def facts(lesson: Lesson) -> dict[str, Any]:
    return {
        "id": lesson.pk,
        "address": reverse("register", args=[lesson.pk]),
        "time": f"{lesson.start_time:%H:%M}",
        "group": lesson.group.name,
        "subject": lesson.subject or lesson.get_session_display(),
        "room": lesson.room,
    }


def clock(moment: datetime) -> str:
    """Returns the time on the clocks of the page (`render_local`)."""
    return f"{timezone.localtime(moment):%H:%M}"
