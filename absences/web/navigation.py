"""The top of pages, as filled templates (`template_cache.py`)."""

from datetime import date
from functools import lru_cache
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from absences.web.template_cache import fill
from lessons.models import Lesson, StaffKind, User

register = template.Library()

BAR_PAGES = ("/", "/board/", "/stats")  # the bar links to these, and marks the current one


@register.simple_tag(name="bar", takes_context=True)
def _bar(context: Context, search: str = "form") -> SafeString:
    return bar(context.get("request"), context.get("csrf_token"), search)


def bar(request: HttpRequest | None, csrf_token: object, search: str) -> SafeString:
    """Returns the links and the name of the signed-in user. `search` is a form, a link, or nothing."""
    user = getattr(request, "user", None)
    if request is None or not isinstance(user, User):
        return fill("bar.html", {"signed_in": False}, {})
    access = user.access
    kind = {
        "signed_in": True,
        "is_office": bool(access.offices()),
        "is_staff": user.is_staff,
        "search": search if access.acting and access.is_person else "",
        "here": request.path if request.path in BAR_PAGES else "",
    }
    return fill("bar.html", kind, {"user_name": user.name, "user_pk": user.pk, "csrf_token": csrf_token})


@register.simple_tag(name="lesson_heading", takes_context=True)
def _lesson_heading(context: Context) -> SafeString:
    return lesson_heading(context["lesson"], context.get("title") or "")


def lesson_heading(lesson: Lesson, title: str = "") -> SafeString:
    """Returns the heading of a page about a lesson, with the way back, and with the page's title unless it is the
    register."""
    values: dict[str, Any] = {
        "day": f"{reverse('today')}?date={lesson.date.isoformat()}",
        "day_name": _worded(lesson.date, get_language()),
        "group": lesson.group.name,
        "subject": lesson.subject or lesson.get_session_display(),
        "times": lesson.times,
        "room": lesson.room,
        "staff": staff(lesson) or _("No teacher is named"),
    }
    if title:
        values |= {"register": reverse("register", args=[lesson.pk]), "title": title}
    kind = {"is_register": not title, "has_room": bool(lesson.room)}
    return fill("absences/_lesson_heading.html", kind, values)


@lru_cache(maxsize=64)
def _worded(day: date, _language: str) -> str:
    """Returns the date in words. Cached, because it is the same for everybody."""
    return date_format(day, "l j F")


def staff(lesson: Lesson) -> str:
    """Returns the names of the staff, such as "Ada Okafor, Ben Moss (cover)"."""
    names = [
        f"{each.user.name} ({_('cover')})" if each.kind == StaffKind.COVER else each.user.name for each in lesson.people
    ]
    return ", ".join(names)
