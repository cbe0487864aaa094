"""Data for the scripts of a register's page: facts as JSON, and the texts that they show."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from absences.reporting import tickets
from absences.taking.register_form import PupilRow
from lessons.calendar.school_time import milliseconds
from lessons.models import Lesson, User

JSON = dict[str, Any]
BOTH = (1, 2)  # counts, for one and for many


def facts(user: User, lesson: Lesson, rows: Sequence[PupilRow], now: datetime, *, sid: str) -> JSON:
    """Returns the facts for the page of one lesson, with a ticket for the sign-in that `sid` names. Times are
    milliseconds since 1970, as in scripts; `now` shows how wrong the device's clock is."""
    planned = {row.student.pk: row.plan for row in rows if row.plan}
    marks = [row.mark for row in rows if row.mark]
    roster = [row.student.pk for row in rows]
    return {
        "user": user.pk,
        "lesson": lesson.pk,
        "ticket": tickets.issue(user, lesson, roster, now, planned, marks, sid=sid),
        "now": milliseconds(now),
        "zone": lesson.school.time_zone,
        **times(lesson),
    }


def times(lesson: Lesson) -> JSON:
    return {"starts": milliseconds(lesson.starts_at), "closes": milliseconds(lesson.closes_at)}


Words = Callable[[], Mapping[str, Any]]


def script(words: Words) -> SafeString:
    """Returns the texts as the page carries them to its script."""
    return _script(words, get_language())


@cache
def _script(words: Words, _language: str) -> SafeString:
    return json_script(words(), "words")


def words() -> Mapping[str, Any]:
    """Returns the texts of a register's scripts. A pair is singular and plural; `{0}`, `{1}` … are filled in by the
    script. Each page carries only texts that it may need, because registers are opened over poor networks."""
    return {
        **_of_sending(),
        "saved": _("All changes saved {0}"),
        "ready": _("Every tap is saved at once"),
        "asform": _("This device keeps no marks any more: save or finish now."),
        "asked": _("A colleague marked somebody otherwise. Please choose:"),
        "refused": _("Something could not be taken in:"),
        "dismiss": _("All right"),
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
        "closed": _("A colleague has finished this register meanwhile."),
        "reload": _("Show it"),
    }


def words_of_device() -> Mapping[str, Any]:
    """Returns the texts for a register that a device keeps."""
    return {
        **words(),
        "planned": _("Planned: {0}"),
        "told": _("The office has been told. The register is as it was."),
        "untold": _("There is no connection, or nobody is signed in: the office has not been told."),
        "newer": _("There is a newer version of this page."),
    }


def words_of_today() -> Mapping[str, Any]:
    return {
        **_of_sending(),
        "states": {
            "due": _("To be taken"),
            "scheduled": _("Not yet open"),
            "completed": _("Taken"),
            "cancelled": _("Cancelled"),
        },
        "unsent": [
            ngettext("{0} change is waiting to be sent", "{0} changes are waiting to be sent", count) for count in BOTH
        ],
        "unfinished": _("Finished here, and waiting to be sent"),
        "taken": _("{0}: register taken {1}. {2}."),
        "takenby": _("{0} had finished this register already, at {1}. What you marked was added to it."),
        "present": _("{0} present"),
        "absent": _("{0} absent"),
        "late": _("{0} late"),
        "unstated": _("{0} not stated"),
        "attention": _("A mark could not be taken in: please look at it"),
        "look": _("Show it"),
        "correct": _("See or correct it"),
        "kept": _("Today’s registers are kept on this device until midnight, and open without a connection."),
        "notkept": _("This device could not keep today’s registers. Everything else works."),
    }


def words_of_taken() -> Mapping[str, Any]:
    """Returns the texts about marks that came too late for a register."""
    return {
        "undecided": _("You had marked {0} {1}: this register was taken without it."),
        "somebody": _("somebody"),
        "leave": _("Leave the register as it is"),
        "codes": {"/": _("present"), "N": _("absent"), "L": _("late"), "U": _("late")},
    }


def _of_sending() -> Mapping[str, Any]:
    return {
        "saving": _("Saving"),
        "offline": [
            ngettext("Offline: {0} change kept on this device", "Offline: {0} changes kept on this device", count)
            for count in BOTH
        ],
        "trying": [
            ngettext("{0} change not saved yet, trying again", "{0} changes not saved yet, trying again", count)
            for count in BOTH
        ],
        "signin": [
            ngettext("Sign in again to send {0} change", "Sign in again to send {0} changes", count) for count in BOTH
        ],
    }
