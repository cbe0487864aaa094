"""Finishes what a crash, a race or a missing store has left, always found by an index. Running it twice, or twice at
once, changes nothing.

Two modules compare the stores as a whole: `verify.py` and, after a store went back in time, `restore.py`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from absences.registers import amendments, closing, late
from absences.store import compaction, orphans, paging
from absences.store.documents import Sheet
from absences.store.scope import EVERYTHING, Scope
from absences.store.sheets import Key, key_of
from lessons.accounts import revoking
from lessons.database import expiry
from lessons.errors import Refused
from lessons.models import Lesson, Register, Revocation

log = logging.getLogger(__name__)

NO_TIME = timedelta()


@dataclass
class Done:
    """How much there was to do. A sheet that cannot be closed or merged, and for which an alarm is logged, counts each
    time."""

    closing: int = 0
    cancelled: int = 0
    late: int = 0
    lagging: int = 0
    orphans: int = 0
    compacted: int = 0
    expired: int = 0
    revoked: int = 0

    def __bool__(self) -> bool:
        return any(asdict(self).values())


def reconcile(
    now: datetime,
    *,
    scope: Scope = EVERYTHING,
    grace: timedelta = NO_TIME,
    advance: Callable[[int], object] = lambda count: None,
) -> Done:
    """Finishes closing sheets from their intent, rejects the reports of cancelled lessons, merges late reports, repairs
    projections, moves orphans aside, compacts old sheets, deletes rows that have expired, and passes on which tokens
    are revoked.

    `grace` leaves sheets alone whose completion began less than that long ago: it is probably still running. `advance`
    is told how many were dealt with. Raises StoreUnavailable and Django's OperationalError.
    """
    done = Done()
    steps: Mapping[str, Iterator[int]] = {
        "closing": _close(now, scope, grace),
        "cancelled": _cancel(now, scope),
        "late": _merge_late(now, scope),
        "lagging": _project(scope),
        "orphans": _check_orphans(now, scope),
        "compacted": _compact(now, scope),
        "expired": expiry.forget(now),
        "revoked": _tell_revoked(),  # last: the database notes each sign-in that is forgotten
    }
    for name, step in steps.items():
        for count in step:
            setattr(done, name, getattr(done, name) + count)
            advance(count)
    return done


def to_do(now: datetime, *, scope: Scope = EVERYTHING) -> Done:
    """How much `reconcile` would find, and for orphans how many sheets it would look up. Changes nothing."""
    return Done(
        closing=paging.count_closing(scope),
        cancelled=scope.lessons(Lesson.objects.unsettled(now)).count(),
        late=paging.count_late(scope),
        lagging=scope.registers(Register.objects.lagging()).count(),
        orphans=orphans.count_to_check(scope, now),
        compacted=compaction.count(scope, now),
        revoked=Revocation.objects.count(),
        expired=expiry.count(now),
    )


def _close(now: datetime, scope: Scope, grace: timedelta) -> Iterator[int]:
    for page in paging.closing(scope, now - grace):
        closing.close(page, now)
        yield len(page)


def _cancel(now: datetime, scope: Scope) -> Iterator[int]:
    after = 0
    while page := list(scope.lessons(Lesson.objects.unsettled(now)).filter(pk__gt=after).order_by("pk")[: paging.PAGE]):
        closing.cancel(page, now)
        yield len(page)
        after = page[-1].pk


def _merge_late(now: datetime, scope: Scope) -> Iterator[int]:
    for page in paging.late(scope):
        for sheet in page:
            _merge_late_of(key_of(sheet), now)
        yield len(page)


def _merge_late_of(key: Key, now: datetime) -> None:
    """Merges one sheet's late reports. One that SQL refuses stops no other."""
    try:
        late.merge_late(key, now)
    except Refused as error:
        log.error("The late reports of sheet %s cannot be written.", key, exc_info=error)


def _project(scope: Scope) -> Iterator[int]:
    lagging = scope.registers(Register.objects.lagging())
    for register in lagging.select_related("lesson__school", "lesson__group").iterator(paging.PAGE):
        amendments.project(register.lesson)
        yield 1


def _check_orphans(now: datetime, scope: Scope) -> Iterator[int]:
    for page in orphans.to_check(scope, now):
        yield _move_orphans(page, now)


def _move_orphans(page: Sequence[Sheet], now: datetime) -> int:
    """Moves aside the sheets whose school has no such lesson; the others need no second check. Returns how many were
    moved."""
    lessons = Lesson.objects.filter(pk__in=[sheet["lesson"] for sheet in page])
    completed = {
        Key(school, pk): register is not None
        for school, pk, register in lessons.values_list("school_id", "pk", "register")
    }
    known = [sheet for sheet in page if key_of(sheet) in completed]
    orphans.keep(known)
    for sheet in known:
        if sheet["state"] == "open" and completed[key_of(sheet)]:
            log.critical("Sheet %s is open beside a register: see manage.py reconcile --after-restore.", key_of(sheet))
    return orphans.move_aside([sheet for sheet in page if key_of(sheet) not in completed], now)


def _compact(now: datetime, scope: Scope) -> Iterator[int]:
    """A compacted sheet has left the index, so each page is a new one."""
    full = True
    while full:
        count = compaction.compact_page(scope, now)
        full = count == paging.PAGE
        yield count


def _tell_revoked() -> Iterator[int]:
    """Passes on revocations that were not passed on at once: changes by other systems and scripts, and those made while
    the store was away."""
    while told := revoking.tell():
        yield told
