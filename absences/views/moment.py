"""The moment that a page is asked about: `?at=`, an ISO time, or one that the school's clocks show."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from lessons.errors import Malformed, NotFound
from lessons.models import Lesson


def asked(request: HttpRequest, lesson: Lesson) -> datetime | None:
    """None for now. Raises Malformed, and NotFound for a time before the register was taken."""
    given = request.GET.get("at")
    if not given:
        return None
    at = _parsed(given, ZoneInfo(lesson.school.time_zone))
    if at < lesson.register.completed_at:
        raise NotFound(_("There was no register at that time."))
    return at


def _parsed(given: str, zone: ZoneInfo) -> datetime:
    try:
        at = parse_datetime(given)
    except ValueError:
        at = None
    if at is None or not 2000 <= at.year < 2100:
        raise Malformed(_("This is not a time. For example: 2026-09-14T09:30."))
    return at if at.tzinfo else at.replace(tzinfo=zone)
