"""The product with one mechanism removed. A drill that finds nothing then proves nothing."""

from collections.abc import Iterable
from typing import Any

from pymongo import ReturnDocument
from pymongo.write_concern import WriteConcern

from absences.store import mongo, reports, sheets, transitions
from absences.store.documents import Intent, Sheet
from absences.store.sheets import Key


def fence() -> None:
    """Completion reads the sheet instead of closing it to reports."""
    really = transitions.close

    def unfenced(key: Key, day: Any, intent: Intent, now: Any) -> Sheet:
        update = {"$set": {"intent": intent, "closing_at": now}, "$setOnInsert": {**sheets.new_sheet(now), "rev": 0}}
        with mongo.answering():
            found = mongo.sheets().find_one(key.filter | reports.BEGUN) or mongo.sheets().find_one_and_update(
                key.filter | sheets.OPEN, update, upsert=True, return_document=ReturnDocument.AFTER
            )
        assert found is not None
        return found if found["state"] == "closed" else {**found, "state": "closing"}

    def close(closed: Iterable[Any], now: Any) -> None:
        batch = list(closed)
        for lesson, register, _ in batch:
            key = Key(lesson.school_id, lesson.pk)
            # Otherwise the alarm would sound for a register made from this sheet.
            state = {"state": "closing", "rev": register.merged_rev, "intent.id": register.completion_id}
            with mongo.answering():
                mongo.sheets().update_one(key.filter | sheets.OPEN, {"$set": state})
        really(batch, now)

    _replace(transitions, "fence", unfenced)
    _replace(transitions, "close", close)


def state_filter() -> None:
    """A report is written to the open map, whatever the state of the sheet."""
    really = sheets.new_sheet
    _replace(reports, "OPEN", {})
    # The filter no longer names the state.
    _replace(reports, "new_sheet", lambda now: {**really(now), "state": "open"})


def late_cas() -> None:
    """A late merge counts as done, whatever has arrived meanwhile."""

    def late_merged(key: Key, late_rev: int) -> bool:
        with mongo.answering():
            mongo.sheets().update_one(key.filter, {"$set": {"late_pending": False}})
        return True

    _replace(transitions, "late_merged", late_merged)


def seen() -> None:
    """An older report of a device overwrites a newer one."""
    really = reports._guards

    def guards(*args: Any) -> mongo.Query:
        return {name: guard for name, guard in really(*args).items() if not name.startswith("seen.")}

    _replace(reports, "_guards", guards)


def w1() -> None:
    """A report counts as acknowledged once one server has it."""
    one = WriteConcern(w=1)
    _replace(mongo, "MAJORITY", one)
    really = mongo.sheets
    _replace(mongo, "sheets", lambda: really().with_options(write_concern=one))


def _replace(module: Any, name: str, other: Any) -> None:
    setattr(module, name, other)


WAYS = {"fence": fence, "state-filter": state_filter, "late-cas": late_cas, "seen": seen, "w1": w1}
