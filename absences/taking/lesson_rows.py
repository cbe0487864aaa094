"""Lessons in lists, filled in (`template_cache.py`): a school may have sixty at a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from absences.web.navigation import staff
from absences.web.template_cache import fill

if TYPE_CHECKING:
    from absences.office.board.board import Row
    from absences.taking.today import Entry

register = template.Library()


@register.simple_tag
def day_rows(entries: Iterable[Entry], *, whole_school: bool = False) -> SafeString:
    """Today's page. In the list of a whole school, what is still to be taken goes without saying."""
    return SafeString("".join(_day_row(entry, whole_school) for entry in entries))


def _day_row(entry: Entry, whole_school: bool) -> SafeString:
    lesson = entry.lesson
    look, said = _state(entry, whole_school)
    # A name that is only one's own says nothing.
    named = staff(lesson) if not lesson.own or len(lesson.people) > 1 else ""
    kind = {
        "state": lesson.state,
        "look": look,
        "current": entry.current,
        "closable": entry.closable,
        "has_room": bool(lesson.room),
        "is_named": bool(named),
    }
    values = _facts(lesson) | {"until": f"{lesson.end_time:%H:%M}", "staff": named, "said": said}
    if entry.closable:
        name = {"name": lesson.group.name, "time": values["time"]}
        values["close"] = reverse("close", args=[lesson.pk])
        values["closing"] = _("Close %(name)s %(time)s with the others not stated") % name
    return fill("absences/_day_row.html", kind, values)


def _state(entry: Entry, whole_school: bool) -> tuple[str, str]:
    """How it looks, empty for nothing to say, and what it says."""
    lesson = entry.lesson
    if lesson.state == "completed":
        return "done", _("Taken %(time)s") % {"time": _clock(lesson.register.taken_at)}
    if lesson.state == "cancelled":
        return "plain", _("Cancelled")
    if lesson.state == "scheduled":
        return "plain", _("Opens %(time)s") % {"time": _clock(lesson.opens_at)}
    if entry.marked:
        text = ngettext("%(count)s marked, not finished", "%(count)s marked, not finished", entry.marked)
        return "due", text % {"count": entry.marked}
    return ("", "") if whole_school else ("due", _("To be taken"))


@register.simple_tag
def board_rows(rows: Iterable[Row], query: str) -> SafeString:
    """The board. Its buttons send the form around it, and come back to `query`."""
    return SafeString("".join(_board_row(row, query) for row in rows))


def _board_row(row: Row, query: str) -> SafeString:
    lesson = row.lesson
    values = _facts(lesson) | {"staff": staff(lesson)}
    kind = {"state": row.state, "has_room": bool(lesson.room), "says": "", "reminds": ""}
    if row.state == "taken":
        kind["says"] = "taken"
        values["said"] = f"{_clock(lesson.register.taken_at)}, {lesson.register.by_name}"
    elif row.state != "later" and row.marked is not None:
        kind["says"] = "marked"
        values["said"] = _("%(marked)s of %(total)s marked") % {"marked": row.marked, "total": row.total}
    if row.state == "late":
        values["closed"] = _("closed %(time)s") % {"time": _clock(lesson.closes_at)}
    if row.reminded:
        kind["reminds"] = "done"
        values["reminded"] = _("Reminded %(time)s") % {"time": _clock(row.reminded)}
    elif row.may_remind:
        kind["reminds"] = "may"
        values["remind"] = f"{reverse('remind', args=[lesson.pk])}?{query}"
        values["reminding"] = _("Remind of %(group)s %(time)s") % {"group": lesson.group.name, "time": values["time"]}
    return fill("absences/_board_row.html", kind, values)


def _facts(lesson: Any) -> dict[str, Any]:
    return {
        "id": lesson.pk,
        "address": reverse("register", args=[lesson.pk]),
        "time": f"{lesson.start_time:%H:%M}",
        "group": lesson.group.name,
        "subject": lesson.subject or lesson.get_session_display(),
        "room": lesson.room,
    }


def _clock(moment: datetime) -> str:
    """On the clocks that the page tells (`render_local`)."""
    return f"{timezone.localtime(moment):%H:%M}"
