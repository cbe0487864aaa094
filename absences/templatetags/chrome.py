"""What stands at the top of pages, filled in (`blanks.py`)."""

from typing import Any

from django import template
from django.template import Context
from django.template.defaultfilters import date as worded
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from absences.blanks import Form
from lessons.models import Lesson, StaffKind

register = template.Library()

PAGES = ("/", "/board/", "/stats")  # those that the bar leads to, and says when one is there


@register.simple_tag(takes_context=True)
def bar(context: Context, search: str = "form") -> SafeString:
    """Where one may go, and who is signed in. `search` is a form, a link, or nothing."""
    user, request = context.get("user"), context.get("request")
    if user is None or not user.is_authenticated:
        return Form("bar.html").fill({"signed_in": False}, {})
    access = user.access
    kind = {
        "signed_in": True,
        "is_office": bool(access.offices()),
        "is_staff": user.is_staff,
        "search": search if access.acting and access.is_person else "",
        "here": request.path if request and request.path in PAGES else "",
    }
    values = {"user_name": user.name, "user_pk": user.pk, "csrf_token": context.get("csrf_token")}
    return Form("bar.html").fill(kind, values)


@register.simple_tag(takes_context=True)
def lesson_heading(context: Context) -> SafeString:
    """Which `lesson` the page is about, and the way back; its `title` where it is not the lesson's register."""
    lesson: Lesson = context["lesson"]
    title = context.get("title", "")
    values: dict[str, Any] = {
        "day": f"{reverse('today')}?date={lesson.date.isoformat()}",
        "day_name": worded(lesson.date, "l j F"),
        "group": lesson.group.name,
        "subject": lesson.subject or lesson.get_session_display(),
        "times": lesson.times,
        "room": lesson.room,
        "staff": _staff(lesson),
    }
    if title:
        values |= {"register": reverse("register", args=[lesson.pk]), "title": title}
    kind = {"is_register": not title, "has_room": bool(lesson.room)}
    return Form("absences/_lesson_heading.html").fill(kind, values)


def _staff(lesson: Lesson) -> str:
    names = [
        f"{each.user.name} ({_('cover')})" if each.kind == StaffKind.COVER else each.user.name for each in lesson.people
    ]
    return ", ".join(names) or _("No teacher is named")
