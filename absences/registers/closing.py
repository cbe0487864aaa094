"""C1 to C3 for sheets: those that a person completes (`completion.py`), of cancelled lessons, and in a repair.

Nothing here authorises anybody. A person's completion goes through `completion.complete` alone.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from absences.registers import late, merging
from absences.registers.merging import Merged
from absences.store import transitions
from absences.store.documents import Intent, Sheet
from absences.store.sheets import Key
from absences.store.times import as_stored
from lessons.codes import NoCodeSet
from lessons.database.recording import recording
from lessons.errors import AttendanceError, Conflict, Refused
from lessons.models import Lesson

log = logging.getLogger(__name__)


def fence(lesson: Lesson, intent: Intent, now: datetime) -> Sheet:
    """C1: the sheet, as `transitions.fence` returns it."""
    return transitions.fence(Key(lesson.school_id, lesson.pk), lesson.date, intent, as_stored(now))


def close(batch: Sequence[Sheet], now: datetime, *, restored: bool = False) -> Mapping[int, Merged | AttendanceError]:
    """C2 and C3 for sheets that are closing or closed: the register of each, by lesson id, or why there is none.

    The reason is Conflict for a lesson that was cancelled, and NoCodeSet or Refused if the register cannot be
    written; its sheet stays closing, and the log says why. A batch that is refused is tried one by one, so that a bad
    lesson fails alone. Raises StoreUnavailable if a store does not answer: repeating is safe.

    `restored` says that a person knows that a store went back in time. Without it, a sheet that is older than a
    register which was not made from it stays closing, and an alarm is logged.
    """
    if not batch:
        return {}
    try:
        result = _merge(batch)
        _close_sheets(batch, result, now, restored)
    except (Refused, NoCodeSet) as error:
        if len(batch) > 1:
            return {pk: each for sheet in batch for pk, each in close([sheet], now, restored=restored).items()}
        pk = batch[0]["lesson"]
        log.error("The register of lesson %s cannot be written.", pk, exc_info=error)
        return {pk: error}
    return {
        **{sheet["lesson"]: Refused(_("The register could not be saved.")) for sheet in batch},
        **{lesson.pk: Conflict(_("This lesson was cancelled.")) for lesson in result.cancelled},
        **result.merged,
    }


def _merge(batch: Sequence[Sheet]) -> merging.Result:
    """C2. A single lesson is tried twice: a student who was just deleted is not on the roster the second time. Raises
    Refused, NoCodeSet and StoreUnavailable."""
    try:
        with recording():
            return merging.merge(batch)
    except Refused:
        if len(batch) > 1:
            raise
    with recording():
        return merging.merge(batch)


def _close_sheets(batch: Sequence[Sheet], result: merging.Result, now: datetime, restored: bool) -> None:
    """C3 for what was merged."""
    to_close = {sheet["lesson"]: sheet for sheet in batch if sheet["state"] == "closing"}
    for pk in result.foreign.intersection(to_close):
        if restored or _is_fresh(to_close[pk], result.merged[pk]):
            with recording():
                result.merged[pk] = late.merge_newer(to_close[pk], result.merged[pk].register)
        else:
            log.critical("The register of lesson %s was made from another state of its sheet; left alone.", pk)
            del to_close[pk]
    transitions.close(
        [(each.lesson, each.register, each.state) for pk, each in result.merged.items() if pk in to_close], now
    )
    for lesson in result.cancelled:
        transitions.close_cancelled(lesson, now)
    cancelled = [lesson.pk for lesson in result.cancelled]
    with recording():
        Lesson.objects.filter(pk__in=cancelled, status=Lesson.Status.CANCELLED).update(settled=True)
    for lesson in result.revived:
        transitions.reopen(lesson)


def _is_fresh(sheet: Sheet, merged: Merged) -> bool:
    """Whether the sheet was made after the register, because the first one was lost: then all its reports are late."""
    return sheet["created_at"] > merged.register.completed_at


def cancel(lessons: Sequence[Lesson], now: datetime) -> None:
    """Keeps what was reported on cancelled lessons as rejected, and fences their sheets, so that later reports are
    rejected too: from then on the lessons stay cancelled. Safe to repeat. Raises StoreUnavailable; the reconciler then
    does it."""
    close([fence(each, _nobodys_intent("cancelled", now), now) for each in lessons], now)


def close_beside(lesson: Lesson, now: datetime) -> None:
    """Closes a sheet that is open or closing beside a register which was not made from it, because a person asked for
    it. What was reported since the register is merged as late reports. Safe to repeat. Raises StoreUnavailable."""
    close([fence(lesson, _nobodys_intent("restore", now), now)], now, restored=True)


def _nobodys_intent(source: str, now: datetime) -> Intent:
    return {
        "id": uuid.uuid4(),
        "by": None,
        "at": as_stored(now),
        "source": source,
        "others": "unstated",
        "roster_seen": [],
    }
