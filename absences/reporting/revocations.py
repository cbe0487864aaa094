"""Tokens and tickets that are no longer good, for reports, which ask no SQL. They are kept in MongoDB, and each process
has a copy that is never older than ten seconds while the store answers. So a ticket stops working within ten seconds
when its holder is dismissed, signs out or is taken off the lesson.

An entry is about a user, about one sign-in (`sid`) or about a user's tickets for one lesson, as
`lessons/accounts/revoking.py` says. It is deleted when the last token that it concerns has ended.
"""

import math
import threading
from collections.abc import Collection
from datetime import datetime, timedelta
from time import monotonic, time

from django.utils import timezone

from absences.store import revocations
from absences.store.documents import RevocationEntry
from lessons.calendar.school_time import milliseconds
from lessons.errors import BadToken, StoreUnavailable
from lessons.lifetimes import LONGEST_LIFE
from lessons.registers.hooks import Revoked

READ_EVERY = 5.0  # seconds; by one request, while the others go on with what is known,
NO_OLDER = 10.0  # unless that is older
TRY_AGAIN = 1.0  # seconds after the store did not answer
# So much is read again each time: servers' clocks differ, and an entry is seen only after it was written.
CLOCKS_DIFFER = timedelta(minutes=5)
KEPT = timedelta(seconds=LONGEST_LIFE) + CLOCKS_DIFFER
OVERLAP = 2 * CLOCKS_DIFFER  # a server of the previous release keeps entries for the longest life alone

Key = int | str  # an int is a user, as servers of an older release expect


def revoke(revoked: Collection[Revoked]) -> None:
    """Refuses these tokens from now on. Raises StoreUnavailable; safe to repeat."""
    expires_at = timezone.now() + KEPT
    revocations.add([_entry(each, expires_at) for each in revoked])


def _entry(revoked: Revoked, expires_at: datetime) -> RevocationEntry:
    """New entries are found by `expires_at`: `not_before` may be long ago, if the store was away."""
    if revoked.sid is not None:
        key: Key = _sign_in(revoked.sid)
    elif revoked.lesson_id is not None:
        key = _staff(revoked.user_id, revoked.lesson_id)
    else:
        key = revoked.user_id
    return {"_id": key, "not_before": revoked.at, "expires_at": expires_at}


def _sign_in(sid: str) -> str:
    return f"sid {sid}"


def _staff(user_id: int, lesson_id: int) -> str:
    return f"user {user_id} lesson {lesson_id}"


def check(user_id: int, issued_at: int, *, sid: str = "", lesson_id: int | None = None) -> None:
    """Raises BadToken for a token whose sign-in has ended, or that was issued (milliseconds since 1970) when its holder
    still had other rights.

    A sign-in never comes back, so its end needs no comparison of clocks. A token of the same millisecond as the loss is
    refused: both times are rounded down, and the token may have been first.
    """
    revoked = _copy.current()
    if sid and _sign_in(sid) in revoked:
        raise BadToken("This sign-in has ended. Please sign in again.")
    if issued_at <= revoked.get(user_id, -1):
        raise BadToken("Your password or your roles have changed. Please sign in again.")
    if lesson_id is not None and issued_at <= revoked.get(_staff(user_id, lesson_id), -1):
        raise BadToken("The staff of this lesson has changed. Please ask for a new ticket.")


class _Copy:
    """This process's copy: the key of each entry, and its `not_before` in milliseconds since 1970."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._entries: dict[Key, int] = {}
        self._newest: datetime | None = None
        self._read_again = self._too_old = 0.0

    def current(self) -> dict[Key, int]:
        """Returns the entries that this process knows. One request reads the new ones, while the others use the copy;
        where it is too old, as in a process that had nothing to do for a while, they wait."""
        now = monotonic()
        if now >= self._read_again and self._lock.acquire(blocking=now >= self._too_old):
            try:
                if monotonic() >= self._read_again:
                    self._read()
            finally:
                self._lock.release()
        return self._entries

    def _read(self) -> None:
        """Reads the new entries. Where the store does not answer, no report can be stored either."""
        begun = monotonic()
        try:
            found = revocations.read(self._newest - OVERLAP if self._newest else None)
        except StoreUnavailable:
            # Nor does another request wait for it now: two would wait one after the other.
            self._read_again, self._too_old = monotonic() + TRY_AGAIN, math.inf
            return
        ended = (time() - LONGEST_LIFE) * 1000
        entries = self._entries | {each["_id"]: milliseconds(each["not_before"]) for each in found}
        self._entries = {key: not_before for key, not_before in entries.items() if not_before > ended}
        self._newest = max([each["expires_at"] for each in found], default=self._newest)
        self._read_again, self._too_old = begun + READ_EVERY, begun + NO_OLDER


_copy = _Copy()
forget = _copy.forget
