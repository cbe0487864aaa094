"""Whose tokens and tickets are no longer good, for the door that asks no SQL: kept in MongoDB, and read into each
process every ten seconds. So a dismissed teacher's ticket of the day dies.

`lessons/revoking.py` tells who it is. An entry is forgotten when the last token that it concerns has ended.
"""

import threading
from collections.abc import Collection
from datetime import datetime, timedelta
from time import monotonic, time

from pymongo import UpdateOne

from absences import mongo
from lessons.errors import BadToken, StoreUnavailable
from lessons.keys import LONGEST_LIFE

READ_EVERY = 10.0  # seconds
TRY_AGAIN = 1.0  # seconds after the store did not answer
# What is read again each time: servers' clocks differ, and an entry is seen only after it was written.
OVERLAP = timedelta(minutes=5)
KEPT = timedelta(seconds=LONGEST_LIFE)


def deny(users: Collection[int], now: datetime) -> None:
    """Refuses everything that was signed for these users until now. Raises StoreUnavailable; safe to repeat."""
    entry = {"not_before": now, "expires_at": now + KEPT}
    with mongo.answering(mongo.PATIENT):
        mongo.denied().bulk_write([UpdateOne({"_id": user}, {"$max": entry}, upsert=True) for user in users])


def check(user_id: int, issued_at: int) -> None:
    """Raises BadToken for a token that was issued (seconds since 1970) when its holder still had another standing."""
    not_before = _denied.present().get(user_id)
    if not_before is not None and issued_at <= not_before:
        raise BadToken("Your password or your roles have changed. Please sign in again.")


class _Denied:
    """This process's copy: user → seconds since 1970."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._entries: dict[int, int] = {}
        self._newest: datetime | None = None
        self._read_again = 0.0
        self._asked = False

    def present(self) -> dict[int, int]:
        """One request in ten seconds reads; the others go on with what is known. The first waits, and so do they."""
        if monotonic() >= self._read_again and self._lock.acquire(blocking=not self._asked):
            try:
                if monotonic() >= self._read_again:
                    self._read()
            finally:
                self._lock.release()
        return self._entries

    def _read(self) -> None:
        """What is new; and where the store is silent, no report can be stored either."""
        try:
            with mongo.answering():
                query = {"not_before": {"$gt": self._newest - OVERLAP}} if self._newest else {}
                found = list(mongo.denied().find(query))
        except StoreUnavailable:
            self._read_again = monotonic() + TRY_AGAIN
            return
        finally:
            self._asked = True
        ended = time() - LONGEST_LIFE
        entries = self._entries | {each["_id"]: int(each["not_before"].timestamp()) for each in found}
        self._entries = {user: not_before for user, not_before in entries.items() if not_before > ended}
        self._newest = max([each["not_before"] for each in found], default=self._newest)
        self._read_again = monotonic() + READ_EVERY


_denied = _Denied()
forget = _denied.forget
