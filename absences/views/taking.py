"""What a page tells its script of the register that is being taken: facts as JSON, and the words it will need."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from absences import tickets
from absences.day_pack import milliseconds
from absences.register_form import Row
from lessons.models import Lesson, User

JSON = dict[str, Any]


def facts(user: User, lesson: Lesson, rows: Sequence[Row], now: datetime) -> JSON:
    """For the page of one lesson. Times are milliseconds since 1970, as scripts count; `now` tells how wrong the
    device's clock is."""
    planned = {row.student.pk: row.plan for row in rows if row.plan}
    roster = [row.student.pk for row in rows]
    return {
        "user": user.pk,
        "lesson": lesson.pk,
        "ticket": tickets.issue(user, lesson, roster, now, planned),
        "now": milliseconds(now),
        "zone": lesson.school.time_zone,
        **times(lesson),
    }


def times(lesson: Lesson) -> JSON:
    return {"starts": milliseconds(lesson.starts_at), "closes": milliseconds(lesson.closes_at)}


def words() -> Mapping[str, Any]:
    """What the scripts say; a pair is one and many, and `{0}` stands for what they put in, in its order."""
    return {
        "saving": _("Saving"),
        "saved": _("All changes saved {0}"),
        "ready": _("Every tap is saved at once"),
        "offline": _pair("Offline: {0} change kept on this device", "Offline: {0} changes kept on this device"),
        "trying": _pair("{0} change not saved yet, trying again", "{0} changes not saved yet, trying again"),
        "signin": _pair("Sign in again to send {0} change", "Sign in again to send {0} changes"),
        "asform": _("This device keeps no marks any more: save, or finish, to send what you see."),
        "asked": _("A colleague marked somebody otherwise. Please choose below whose mark is right."),
        "refused": _("Something could not be taken in. It is pointed out below."),
        "theirs": _("{0} marked {1} {2} at {3}."),
        "keep": _("Keep theirs"),
        "use": _("Use mine"),
        "minutes": _("{0} minutes late: {1}"),
        "note": _("Note"),
        "noteof": _("Note about {0}"),
        "undone": _("{0}: back to {1}."),
        "withdrawn": _("{0}: taken back, and present."),
        "unmarked": _("not marked"),
        "find": _("Find a name"),
        "choose": _("{0}: choose what is right."),
        "finishing": _("Finishing"),
        "finished": _("{0}: finished on this device at {1}. It is sent as soon as there is a connection."),
        "taken": _("{0}: register taken {1}. {2}."),
        "takenby": _("{0} had finished this register already, at {1}. What you marked was added to it."),
        "present": _("{0} present"),
        "absent": _("{0} absent"),
        "late": _("{0} late"),
        "unstated": _("{0} not stated"),
        "correct": _("See or correct it"),
        "planned": _("Planned: {0}"),
        "states": {
            "due": _("To be taken"),
            "scheduled": _("Not yet open"),
            "completed": _("Taken"),
            "cancelled": _("Cancelled"),
        },
        "told": _("The office has been told. The register is as it was."),
        "untold": _("There is no connection, or nobody is signed in: the office has not been told."),
        "closed": _("A colleague has finished this register meanwhile."),
        "reload": _("Show it"),
        "newer": _("There is a newer version of this page."),
        "unsent": _pair("{0} change is waiting to be sent", "{0} changes are waiting to be sent"),
        "unfinished": _("Finished here, and waiting to be sent"),
        "attention": _("A colleague marked somebody otherwise: please look at it"),
        "kept": _("Today’s registers are kept on this device until midnight, and open without a connection."),
        "notkept": _("This device could not keep today’s registers. Everything else works."),
    }


def _pair(one: str, many: str) -> list[str]:
    return [ngettext(one, many, 1), ngettext(one, many, 2)]
