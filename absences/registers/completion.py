"""Completing a lesson: a sheet becomes a register, exactly once. Safe to repeat from any point.

C0 authorise in SQL; C1 fence the sheet; C2 merge in one SQL transaction (`merging.merge`); C3 close the sheet. Nothing
else completes a lesson for a person: pages and the API call `complete`; `complete_all` completes several
lessons with the same queries, as the demo does.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from absences.registers import closing, merging
from absences.registers.merging import Merged
from absences.store import sheets
from absences.store.documents import Intent, Sheet
from absences.store.sheets import Key
from absences.store.times import as_stored
from lessons import codes
from lessons.database.recording import recording
from lessons.errors import AttendanceError, Conflict, NotAllowed, NotFound, Refused, StoreUnavailable
from lessons.models import Lesson, LessonStaff, StaffKind, User
from lessons.roles import Role

log = logging.getLogger(__name__)


class Others(StrEnum):
    """What the completer states of everyone whom nobody has reported."""

    PRESENT = "present"
    UNSTATED = "unstated"


@dataclass(frozen=True, kw_only=True)
class Completion:
    """One lesson that somebody asks to complete. Nothing has been checked yet.

    `roster_seen` are the students whom the completer saw: nobody states that the others are present. None stands for
    the roster at this moment. `taken_at` is when the register was really taken, by the clock of a device without a
    network.
    """

    user: User
    lesson_id: int
    roster_seen: Sequence[int] | None = None
    others: Others = Others.PRESENT
    taken_at: datetime | None = None
    source: str = "api"


@dataclass(frozen=True)
class Completed:
    merged: Merged
    already_completed: bool


def authorise(user: User, lesson_id: int, now: datetime) -> Lesson:
    """C0: returns the lesson with its state, people and register, for somebody who may complete it now.

    Raises NotFound, NotAllowed, and Conflict for a lesson that was cancelled, is not yet due, or of a day for which no
    codes are known.
    """
    lesson = Lesson.one_for_user(user, lesson_id, now)
    if lesson is None:
        raise NotFound(_("There is no such lesson."))
    if not user.access.may_complete(lesson, now):
        raise NotAllowed(_("You may not complete this lesson."))
    if not lesson.is_completed:
        codes.code_set(lesson.school.nation, lesson.date)  # raises before anything is written
        if lesson.is_cancelled:
            raise Conflict(_("This lesson was cancelled."))
        if now < lesson.opens_at:
            raise Conflict(_("This lesson is not yet due."))
    return lesson


def complete(
    user: User,
    lesson_id: int,
    *,
    now: datetime,
    roster_seen: Sequence[int] | None = None,
    others: Others = Others.PRESENT,
    taken_at: datetime | None = None,
    source: str = "api",
) -> Completed:
    """Completes one lesson; the arguments are those of `Completion`. Raises as `authorise`, Conflict if the lesson
    is cancelled meanwhile, and StoreUnavailable (Refused if SQL will not write the register): repeating the same
    call is safe."""
    asked = Completion(
        user=user, lesson_id=lesson_id, roster_seen=roster_seen, others=others, taken_at=taken_at, source=source
    )
    [outcome] = complete_all([asked], now=now)
    if isinstance(outcome, AttendanceError):
        raise outcome
    return outcome


def complete_all(completions: Sequence[Completion], *, now: datetime) -> list[Completed | AttendanceError]:
    """Completes a batch, and returns for each, in its order, the register or the error that `complete` would raise.

    Once a store does not answer, the rest is not tried. Repeating the call or `manage.py reconcile` finishes the
    lessons that were fenced by then.
    """
    begun: list[_Fenced | Completed | AttendanceError] = []
    for each in completions:
        begun.append(begun[-1] if begun and _is_away(begun[-1]) else _begun(each, now))
    fenced = {each.sheet["lesson"]: each.sheet for each in begun if isinstance(each, _Fenced)}
    try:
        finished = closing.close(list(fenced.values()), now)
    except StoreUnavailable as error:
        finished = dict.fromkeys(fenced, error)
    return [_outcome(each, finished) for each in begun]


@dataclass(frozen=True)
class _Fenced:
    """A sheet that takes no more reports; `won` says that this very completion fenced it."""

    sheet: Sheet
    won: bool


def _begun(asked: Completion, now: datetime) -> _Fenced | Completed | AttendanceError:
    """C0 and C1. Returns the register if there is one already."""
    try:
        with recording():
            lesson = authorise(asked.user, asked.lesson_id, now)
            if lesson.is_completed:
                return _again(asked, lesson, now)
            intent = _intent(asked, lesson, now)
            sheet = closing.fence(lesson, intent, now)
            won = sheet["intent"]["id"] == intent["id"]
            if won:
                _take_as_cover(asked.user, lesson, now)
            return _Fenced(sheet, won)
    except Refused as error:
        log.error("The completion of lesson %s was refused.", asked.lesson_id, exc_info=error)
        return error
    except AttendanceError as error:
        return error


def _is_away(begun: object) -> bool:
    """Whether a store did not answer: nor would it answer the next one."""
    return isinstance(begun, StoreUnavailable) and not isinstance(begun, Refused)


def _outcome(
    begun: _Fenced | Completed | AttendanceError, finished: Mapping[int, Merged | AttendanceError]
) -> Completed | AttendanceError:
    if not isinstance(begun, _Fenced):
        return begun
    became = finished[begun.sheet["lesson"]]
    return Completed(became, already_completed=not begun.won) if isinstance(became, Merged) else became


def _again(asked: Completion, lesson: Lesson, now: datetime) -> Completed:
    """Returns the register that there is already, whether or not MongoDB answers."""
    try:
        _close_left_open(asked, lesson, now)
    except StoreUnavailable:
        log.warning("The sheet of lesson %s was not looked at.", lesson.pk)
    return Completed(merging.existing(lesson), already_completed=True)


def _close_left_open(asked: Completion, lesson: Lesson, now: datetime) -> None:
    """Closes a sheet that a crash left open or closing beside its register. Where it is open because the first one was
    lost or a store went back in time, what was reported on it is merged."""
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    if sheet is not None and sheet["state"] == "open":
        sheet = closing.fence(lesson, _intent(asked, lesson, now), now)
    if sheet is not None and sheet["state"] == "closing":
        closing.close([sheet], now)


def _intent(asked: Completion, lesson: Lesson, now: datetime) -> Intent:
    """Returns what the completer states, which is kept with the sheet, so that anybody who finishes the work makes the
    same register."""
    acting = asked.user.access.in_school(lesson.school_id)
    at = as_stored(now)
    taken_at = asked.taken_at or at
    seen = asked.roster_seen
    return {
        "id": uuid.uuid4(),
        "by": asked.user.pk,
        "by_name": asked.user.name,
        "by_position": acting.position,
        "role": acting.role.value,
        "at": at,
        # A device's clock may be wrong by years; the register was taken between the lesson's opening and now.
        "taken_at": as_stored(min(max(taken_at, lesson.opens_at), at)),
        "source": asked.source,
        "others": "present" if asked.others is Others.PRESENT else "unstated",
        "roster_seen": [student.pk for student in lesson.enrolled()] if seen is None else list(seen),
    }


def _take_as_cover(user: User, lesson: Lesson, now: datetime) -> None:
    """Adds a teacher who takes a colleague's lesson to its staff, so that it is recorded."""
    if user.access.in_school(lesson.school_id).role == Role.TEACHER and user.access.takes_as_cover(lesson, now):
        LessonStaff.objects.bulk_create(
            [LessonStaff(school=lesson.school, lesson=lesson, user=user, kind=StaffKind.COVER)], ignore_conflicts=True
        )
