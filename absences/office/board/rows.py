"""The lines of the board, as filled templates (`web/template_cache.py`)."""

from collections.abc import Iterable

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from absences.office.board.board import BoardRow
from absences.web.lesson_line import clock, facts
from absences.web.navigation import staff
from absences.web.template_cache import fill

register = template.Library()


@register.simple_tag
def board_rows(rows: Iterable[BoardRow], query: str) -> SafeString:
    """Returns the board's lines. Their buttons submit the form around them, and return to `query`."""
    return SafeString("".join(_board_row(row, query) for row in rows))


def _board_row(row: BoardRow, query: str) -> SafeString:
    lesson = row.lesson
    values = facts(lesson) | {"staff": staff(lesson)}
    kind = {"state": row.state, "has_room": bool(lesson.room), "says": "", "reminds": ""}
    if row.state == "taken":
        kind["says"] = "taken"
        values["said"] = f"{clock(lesson.register.taken_at)}, {lesson.register.by_name}"
    elif row.state != "later" and row.marked is not None:
        kind["says"] = "marked"
        values["said"] = _("%(marked)s of %(total)s marked") % {"marked": row.marked, "total": row.total}
    if row.state == "late":
        values["closed"] = _("closed %(time)s") % {"time": clock(lesson.closes_at)}
    if row.reminded:
        kind["reminds"] = "done"
        values["reminded"] = _("Reminded %(time)s") % {"time": clock(row.reminded)}
    elif row.may_remind:
        kind["reminds"] = "may"
        values["remind"] = f"{reverse('remind', args=[lesson.pk])}?{query}"
        values["reminding"] = _("Remind of %(group)s %(time)s") % {"group": lesson.group.name, "time": values["time"]}
    return fill("absences/_board_row.html", kind, values)
