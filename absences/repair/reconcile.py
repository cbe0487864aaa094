"""Finishes what a crash, a race or a missing store has left, always found by an indexed field. Running it twice, or
twice at once, changes nothing.

What compares the stores whole is elsewhere: `verify.py` and, after a store went back in time, `restore.py`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from pymongo import UpdateOne

from absences.registers import amendments, closing, late
from absences.store import mongo, schema
from absences.store.mongo import Document
from absences.store.scope import EVERYTHING, Scope
from absences.store.sheets import Key
from lessons.accounts import revoking
from lessons.database import expiry
from lessons.errors import Refused
from lessons.models import Lesson, Register, Revocation

log = logging.getLogger(__name__)

PAGE = 64
NO_TIME = timedelta()

# What statistics have no need of; the record keeps it.
BULK = ("absences", "late", "log", "seen", "compact_at")


@dataclass
class Done:
    """How much there was to do. A sheet that cannot be finished or merged, and was alarmed about, counts each time."""

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
    projections, moves orphans aside, compacts old sheets; forgets what has had its time, and tells the reporting door
    whose tokens are no longer good.

    `grace` leaves sheets alone whose completion began less than so long ago: it is probably still running. `advance` is
    told how many were dealt with. Raises StoreUnavailable and Django's OperationalError.
    """
    done = Done()
    steps: Mapping[str, Iterator[int]] = {
        "closing": _finish(now, scope, grace),
        "cancelled": _settle(now, scope),
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
    """How much `reconcile` would find; changes nothing. Of the orphans, how many sheets it would look up."""

    def count(query: Document, index: str) -> int:
        with mongo.answering(mongo.PATIENT):
            return mongo.sheets().count_documents(scope.sheets | query, hint=index)

    return Done(
        closing=count(schema.CLOSING, "closing"),
        cancelled=scope.lessons(Lesson.objects.unsettled(now)).count(),
        late=count(schema.LATE, "late"),
        lagging=scope.registers(Register.objects.lagging()).count(),
        orphans=count({"orphan_check_at": {"$lte": now}}, "orphan_check"),
        compacted=count(_old(now), "compact"),
        revoked=Revocation.objects.count(),
        expired=expiry.count(now),
    )


def _finish(now: datetime, scope: Scope, grace: timedelta) -> Iterator[int]:
    for page in pages(scope.sheets | schema.CLOSING | {"closing_at": {"$lte": now - grace}}, "closing"):
        closing.finish(page, now)
        yield len(page)


def _settle(now: datetime, scope: Scope) -> Iterator[int]:
    after = 0
    while page := list(scope.lessons(Lesson.objects.unsettled(now)).filter(pk__gt=after).order_by("pk")[:PAGE]):
        closing.settle(page, now)
        yield len(page)
        after = page[-1].pk


def _merge_late(now: datetime, scope: Scope) -> Iterator[int]:
    for page in pages(scope.sheets | schema.LATE, "late"):
        for sheet in page:
            _merge_late_of(Key(sheet["school"], sheet["lesson"]), now)
        yield len(page)


def _merge_late_of(key: Key, now: datetime) -> None:
    """One that SQL refuses stops no other."""
    try:
        late.merge_late(key, now)
    except Refused as error:
        log.error("The late reports of sheet %s cannot be written.", key, exc_info=error)


def _project(scope: Scope) -> Iterator[int]:
    lagging = scope.registers(Register.objects.lagging())
    for register in lagging.select_related("lesson__school", "lesson__group").iterator(PAGE):
        amendments.project(register.lesson)
        yield 1


def _check_orphans(now: datetime, scope: Scope) -> Iterator[int]:
    """Looking up a sheet's lesson takes the sheet out of this set."""
    full = True
    while full:
        query = scope.sheets | {"orphan_check_at": {"$lte": now}}
        with mongo.answering(mongo.PATIENT):
            page = list(mongo.sheets().find(query).hint("orphan_check").limit(PAGE))
        full = len(page) == PAGE
        yield _move_orphans(page, now)


def _move_orphans(page: Sequence[Document], now: datetime) -> int:
    """Moves aside the sheets whose school has no such lesson; the others need no second check. How many were moved."""
    lessons = Lesson.objects.filter(pk__in=[sheet["lesson"] for sheet in page])
    taken = dict(lessons.values_list("pk", "register"))
    known = set(lessons.values_list("school_id", "pk"))
    moved = 0
    with mongo.answering(mongo.PATIENT):
        for sheet in page:
            key = Key(sheet["school"], sheet["lesson"])
            if (key.school_id, key.lesson_id) in known:
                mongo.sheets().update_one(key.filter, {"$unset": {"orphan_check_at": ""}})
                if sheet["state"] == "open" and taken[key.lesson_id]:
                    log.critical("Sheet %s is open beside a register: see manage.py reconcile --after-restore.", key)
                continue
            # Another one of the same lesson may follow: neither overwrites the other.
            moved_id = f"{key} {sheet['created_at'].isoformat()}"
            mongo.orphans().replace_one({"_id": moved_id}, sheet | {"_id": moved_id, "moved_at": now}, upsert=True)
            # Only the sheet that was copied: one that has got another report meanwhile is moved the next time.
            unchanged = key.filter | {name: sheet[name] for name in ("state", "rev", "late_rev")}
            moved += mongo.sheets().delete_one(unchanged).deleted_count
    return moved


def _old(now: datetime) -> Document:
    return {"compact_at": {"$lte": now}, "late_pending": False}


def _compact(now: datetime, scope: Scope) -> Iterator[int]:
    """What is compacted is out of the index. A late report that comes meanwhile keeps its sheet whole."""
    full = True
    while full:
        with mongo.answering(mongo.PATIENT):
            found = mongo.sheets().find(scope.sheets | _old(now), {"school": 1, "lesson": 1}).hint("compact")
            page = [Key(sheet["school"], sheet["lesson"]) for sheet in found.limit(PAGE)]
            drop = {"$unset": dict.fromkeys(BULK, ""), "$set": {"compacted": True}}
            if page:
                mongo.sheets().bulk_write([UpdateOne(key.filter | _old(now), drop) for key in page], ordered=False)
        full = len(page) == PAGE
        yield len(page)


def _tell_revoked() -> Iterator[int]:
    """What nobody told at once: changes by other systems and scripts, and whatever the store was away for."""
    while told := revoking.tell():
        yield told


def pages(query: Document, index: str, size: int = PAGE) -> Iterator[list[Document]]:
    """The sheets that answer a query, each at most once, in pages, so that memory stays bounded."""
    wanted, after = query.get("_id", {}), ""
    while True:
        with mongo.answering(mongo.PATIENT):
            # Named, because the planner would as soon walk every `_id` there is.
            found = mongo.sheets().find(query | {"_id": wanted | {"$gt": after}}).hint(index)
            page = list(found.sort("_id").limit(size))
        if not page:
            return
        yield page
        after = page[-1]["_id"]
