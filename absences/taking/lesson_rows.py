"""A day's lessons as lines, from filled templates (`web/template_cache.py`): a school may have sixty at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from absences.web.lesson_line import clock, facts
from absences.web.navigation import staff
from absences.web.template_cache import fill

if TYPE_CHECKING:
    from absences.taking.today import LessonEntry

register = template.Library()


@register.simple_tag
def day_rows(entries: Iterable[LessonEntry], *, whole_school: bool = False) -> SafeString:
    """Returns the lines of today's page. In the list of a whole school, a register that is still to be taken has no
    label."""
    return SafeString("".join(_day_row(entry, whole_school) for entry in entries))


def _day_row(entry: LessonEntry, whole_school: bool) -> SafeString:
    lesson = entry.lesson
    look, said = _state(entry, whole_school)
    # The user's own name alone says nothing.
    named = staff(lesson) if not lesson.own or len(lesson.people) > 1 else ""
    kind = {
        "state": lesson.state,
        "look": look,
        "current": entry.current,
        "closable": entry.closable,
        "has_room": bool(lesson.room),
        "is_named": bool(named),
    }
    values = facts(lesson) | {"until": f"{lesson.end_time:%H:%M}", "staff": named, "said": said}
    if entry.closable:
        name = {"name": lesson.group.name, "time": values["time"]}
        values["close"] = reverse("close", args=[lesson.pk])
        values["closing"] = _("Close %(name)s %(time)s with the others not stated") % name
    return fill("absences/_day_row.html", kind, values)


def _state(entry: LessonEntry, whole_school: bool) -> tuple[str, str]:
    """Returns the look of a line's label, empty if there is none, and its text."""
    lesson = entry.lesson
    if lesson.state == "completed":
        return "done", _("Taken %(time)s") % {"time": clock(lesson.register.taken_at)}
    if lesson.state == "cancelled":
        return "plain", _("Cancelled")
    if lesson.state == "scheduled":
        return "plain", _("Opens %(time)s") % {"time": clock(lesson.opens_at)}
    if entry.marked:
        text = ngettext("%(count)s marked, not finished", "%(count)s marked, not finished", entry.marked)
        return "due", text % {"count": entry.marked}
    return ("", "") if whole_school else ("due", _("To be taken"))
