"""Completing a lesson: a sheet becomes a register, exactly once. Safe to repeat from any point.

C0 authorise in SQL; C1 fence the sheet (`closing.fence`); C2 merge in one SQL transaction (`merging.merge`);
C3 confirm (`closing.confirm`). Takes a batch, since completions that wait at the same time share their work.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import DatabaseError, OperationalError
from django.utils.translation import gettext as _

from absences import closing, late, merging, sheets
from absences.merging import Merged
from absences.mongo import Document
from absences.reporting import milliseconds
from absences.sheets import Key
from lessons import codes
from lessons.access import Role
from lessons.codes import NoCodeSet
from lessons.errors import Conflict, NotAllowed, NotFound, StoreUnavailable
from lessons.models import Lesson, LessonStaff, StaffKind, Student, User

log = logging.getLogger(__name__)


class Others(StrEnum):
    """What the completer says of everyone whom nobody has reported."""

    PRESENT = "present"
    UNSTATED = "unstated"


@dataclass(frozen=True, kw_only=True)
class Completion:
    """One lesson to complete by somebody who was authorised to.

    `roster_seen` are the students whom the completer saw: of the others nobody said that they are present.
    `taken_at` is when the register was really taken, by the clock of a device without network.
    """

    lesson: Lesson
    user: User
    roster_seen: Sequence[int]
    others: Others = Others.PRESENT
    taken_at: datetime | None = None
    source: str = "api"


@dataclass(frozen=True)
class Completed:
    merged: Merged
    already_completed: bool


def authorise(user: User, lesson_id: int, now: datetime) -> Lesson:
    """C0: the lesson with school, group and register, for somebody who may complete it now.

    Raises NotFound, NotAllowed, and Conflict for a lesson that was cancelled, is not yet due, or of a day for which no
    codes are known.
    """
    lesson = Lesson.objects.for_user(user, now).with_register().filter(pk=lesson_id).first()
    if lesson is None:
        raise NotFound(_("There is no such lesson."))
    if not user.access.may_complete(lesson, now):
        raise NotAllowed(_("You may not complete this lesson."))
    if not lesson.is_completed:
        codes.code_set(lesson.school.nation, lesson.date)  # before anything is written: no register without one
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
    """Completes one lesson. Raises as `authorise`, and StoreUnavailable: repeating the same call is safe.

    Without `roster_seen` the roster of this moment counts as seen.
    """
    lesson = authorise(user, lesson_id, now)
    if roster_seen is None and not lesson.is_completed:
        roster_seen = list(Student.objects.enrolled(lesson.group_id, lesson.date).values_list("pk", flat=True))
    completion = Completion(
        lesson=lesson, user=user, roster_seen=roster_seen or (), others=others, taken_at=taken_at, source=source
    )
    if lesson.is_completed:
        return _again(completion, now)
    [completed] = complete_many([completion], now=now)
    if completed is None:
        if Lesson.objects.filter(pk=lesson.pk, status=Lesson.Status.CANCELLED).exists():
            raise Conflict(_("This lesson was cancelled."))
        raise StoreUnavailable(_("This register cannot be written just now. What was reported is kept."))
    return completed


def _again(completion: Completion, now: datetime) -> Completed:
    """The register that stands, whether or not the store of sheets answers."""
    try:
        _close_left_open(completion, now)
    except StoreUnavailable:
        log.warning("The sheet of lesson %s was not looked at.", completion.lesson.pk)
    return Completed(merging.existing(completion.lesson), already_completed=True)


def _close_left_open(completion: Completion, now: datetime) -> None:
    """A confirmation that a crash left out is made up for; and what was reported on a sheet that is open beside a
    register, because it was lost or a store went back in time, is taken in."""
    lesson = completion.lesson
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    if sheet is not None and sheet["state"] == "open":
        sheet = _fence(lesson, _intent(completion, now), now)
    if sheet is not None and sheet["state"] == "closing":
        finish([sheet], now)


def complete_many(completions: Sequence[Completion], *, now: datetime) -> list[Completed | None]:
    """Completes a batch, in its order; None for a lesson that was cancelled in the meantime, or that SQL refused (its
    sheet stays closing, and the log says why).

    Raises StoreUnavailable; what was fenced by then is finished by a repetition or by `manage.py reconcile`.
    """
    fenced: list[Document] = []
    won: set[int] = set()
    for each in completions:
        intent = _intent(each, now)
        sheet = _fence(each.lesson, intent, now)
        if sheet["intent"]["id"] == intent["id"]:
            won.add(each.lesson.pk)
            _take_as_cover(each, now)
        fenced.append(sheet)
    merged = finish(fenced, now)
    return [
        Completed(merged[pk], already_completed=pk not in won) if pk in merged else None
        for pk in (each.lesson.pk for each in completions)
    ]


def finish(batch: Sequence[Document], now: datetime, *, restored: bool = False) -> dict[int, Merged]:
    """C2 and C3 for sheets that are closing or closed: what they became, by lesson id. Cancelled ones are left out, and
    those that SQL refuses (the log says why): a batch is then tried one by one, so that a bad lesson fails alone.

    `restored` says that a person knows of the store that went back in time; without that, a sheet that is older than a
    register which is not its own stays closing, and sounds the alarm.
    """
    result = _merge(batch)
    if result is None:
        singly = [finish([sheet], now, restored=restored) for sheet in batch] if len(batch) > 1 else []
        return {pk: merged for each in singly for pk, merged in each.items()}
    to_close = {sheet["lesson"]: sheet for sheet in batch if sheet["state"] == "closing"}
    for pk in result.foreign.intersection(to_close):
        if restored or _is_fresh(to_close[pk], result.merged[pk]):
            result.merged[pk] = late.take_in(to_close[pk], result.merged[pk].register)
        else:
            log.critical("The register of lesson %s was made from another state of its sheet; left alone.", pk)
            del to_close[pk]
    closing.confirm(
        [(each.lesson, each.register, each.standing) for pk, each in result.merged.items() if pk in to_close], now
    )
    for lesson in result.cancelled:
        closing.confirm_cancelled(lesson, now)
    cancelled = [lesson.pk for lesson in result.cancelled]
    Lesson.objects.filter(pk__in=cancelled, status=Lesson.Status.CANCELLED).update(settled=True)
    for lesson in result.revived:
        closing.reopen(lesson)
    return result.merged


def _merge(batch: Sequence[Document]) -> merging.Result | None:
    """C2; None where SQL refuses the batch. A single lesson is tried twice: a student who was just deleted is not on
    the roster the second time."""
    for attempt in range(1 if len(batch) > 1 else 2):
        try:
            return merging.merge(batch)
        except OperationalError:
            raise
        except (DatabaseError, NoCodeSet):
            if attempt:
                log.exception("SQL refuses the register of lesson %s.", batch[0]["lesson"])
    return None


def _is_fresh(sheet: Document, merged: Merged) -> bool:
    """Made after the register, where the first sheet was lost: all that it holds was reported late."""
    return bool(sheet["created_at"] > merged.register.completed_at)


def settle(lessons: Sequence[Lesson], now: datetime) -> None:
    """Keeps whatever was reported on cancelled lessons as rejected, and fences their sheets, so that what is still
    reported is rejected too: from then on they stay cancelled. Safe to repeat. Raises StoreUnavailable; the reconciler
    then does it."""
    finish([_fence(each, _nobodys_intent("cancelled", now), now) for each in lessons], now)


def close_beside(lesson: Lesson, now: datetime) -> None:
    """Closes a sheet that is open or closing beside a register which was not made from it, by a person's order: what
    was reported there since is merged as late reports. Safe to repeat. Raises StoreUnavailable."""
    finish([_fence(lesson, _nobodys_intent("restore", now), now)], now, restored=True)


def _nobodys_intent(source: str, now: datetime) -> Document:
    return {
        "id": uuid.uuid4(),
        "by": None,
        "at": milliseconds(now),
        "source": source,
        "others": Others.UNSTATED.value,
        "roster_seen": [],
    }


def _fence(lesson: Lesson, intent: Document, now: datetime) -> Document:
    return closing.fence(Key(lesson.school_id, lesson.pk), lesson.date, intent, milliseconds(now))


def _intent(completion: Completion, now: datetime) -> Document:
    """What the completer states, kept with the sheet, so that whoever finishes the work makes the same register."""
    user, lesson = completion.user, completion.lesson
    acting = user.access.in_school(lesson.school_id)
    at = milliseconds(now)
    taken_at = completion.taken_at or at
    return {
        "id": uuid.uuid4(),
        "by": user.pk,
        "by_name": user.name,
        "by_position": acting.position,
        "role": acting.role.value,
        "at": at,
        # A device's clock may be wrong by years; the register was taken between the lesson's opening and now.
        "taken_at": milliseconds(min(max(taken_at, lesson.opens_at), at)),
        "source": completion.source,
        "others": completion.others.value,
        "roster_seen": list(completion.roster_seen),
    }


def _take_as_cover(completion: Completion, now: datetime) -> None:
    """A teacher who takes a colleague's lesson joins its staff, and so it is recorded."""
    user, lesson = completion.user, completion.lesson
    if lesson.is_completed or user.access.in_school(lesson.school_id).role != Role.TEACHER:
        return
    if user.access.takes_as_cover(lesson, now):
        LessonStaff.objects.bulk_create(
            [LessonStaff(school=lesson.school, lesson=lesson, user=user, kind=StaffKind.COVER)], ignore_conflicts=True
        )
