"""Finishes what a crash, a race or a missing store has left, always found by an indexed field. Running it twice, or
twice at once, changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from absences import amendments, completion, late, mongo, schema
from absences.mongo import Document
from absences.sheets import Key
from lessons.models import Lesson, Register

PAGE = 64
NO_TIME = timedelta()


@dataclass
class Done:
    """How much there was to do. A sheet that cannot be finished, and was alarmed about, counts each time."""

    closing: int = 0
    late: int = 0
    lagging: int = 0
    orphans: int = 0

    def __bool__(self) -> bool:
        return any((self.closing, self.late, self.lagging, self.orphans))


def reconcile(now: datetime, *, grace: timedelta = NO_TIME) -> Done:
    """Finishes closing sheets from their intent, merges late reports, repairs projections, moves orphans aside.

    `grace` leaves sheets alone whose completion began less than so long ago: it is probably still running.
    Raises StoreUnavailable and Django's OperationalError.
    """
    done = Done()
    for page in _pages(schema.CLOSING | {"closing_at": {"$lte": now - grace}}, "closing"):
        completion.finish(page, now)
        done.closing += len(page)
    for page in _pages(schema.LATE, "late"):
        for sheet in page:
            late.merge_late(Key(sheet["school"], sheet["lesson"]), now)
        done.late += len(page)
    for register in Register.objects.lagging().select_related("lesson__school", "lesson__group").iterator(PAGE):
        amendments.project(register.lesson)
        done.lagging += 1
    for page in _unchecked(now):
        done.orphans += _move_orphans(page, now)
    return done


def _pages(query: Document, index: str) -> Iterator[list[Document]]:
    """The sheets that answer a query, each at most once, in pages, so that memory stays bounded."""
    after = ""
    while True:
        with mongo.answering(mongo.PATIENT):
            # Named, because the planner would as soon walk every `_id` there is.
            page = list(mongo.sheets().find(query | {"_id": {"$gt": after}}).hint(index).sort("_id").limit(PAGE))
        if not page:
            return
        yield page
        after = page[-1]["_id"]


def _unchecked(now: datetime) -> Iterator[list[Document]]:
    """The sheets whose lesson is to be looked up by now; looking it up takes them out of this set."""
    full = True
    while full:
        with mongo.answering(mongo.PATIENT):
            page = list(mongo.sheets().find({"orphan_check_at": {"$lte": now}}).hint("orphan_check").limit(PAGE))
        full = len(page) == PAGE
        yield page


def _move_orphans(page: Sequence[Document], now: datetime) -> int:
    """Moves aside the sheets whose school has no such lesson; the others need no second check. How many were moved."""
    lessons = Lesson.objects.filter(pk__in=[sheet["lesson"] for sheet in page])
    known = set(lessons.values_list("school_id", "pk"))
    moved = 0
    with mongo.answering(mongo.PATIENT):
        for sheet in page:
            key = Key(sheet["school"], sheet["lesson"])
            if (sheet["school"], sheet["lesson"]) in known:
                mongo.sheets().update_one(key.filter, {"$unset": {"orphan_check_at": ""}})
                continue
            mongo.orphans().replace_one(key.filter, sheet | {"moved_at": now}, upsert=True)
            # Only the sheet that was copied: one that has got another report meanwhile is moved the next time.
            unchanged = key.filter | {"rev": sheet["rev"], "late_rev": sheet["late_rev"]}
            moved += mongo.sheets().delete_one(unchanged).deleted_count
    return moved
