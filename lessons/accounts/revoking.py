"""Tells the doors that verify tokens without SQL which tokens are no longer good."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from lessons.errors import StoreUnavailable
from lessons.lifetimes import TICKETS_END
from lessons.models import Lesson, Revocation
from lessons.registers import hooks
from lessons.registers.hooks import Revoked

log = logging.getLogger(__name__)

MANY = 1000
PAGES = 20  # that a request tells; behind more, the reconciler goes on


def tell() -> int:
    """Passes on what is waiting, and returns how much that was. Safe to repeat. Raises StoreUnavailable; the rows then
    wait. A row that is written meanwhile, about the same person too, is told the next time.

    Tokens are compared with the time at which the rows were first seen. That is after their commit, so no token issued
    on the old rights is missed; the time of the statement, which a trigger could note, is before it.
    """
    waiting = list(Revocation.objects.order_by("pk")[:MANY])
    if not waiting:
        return 0
    now, rows = timezone.now(), Revocation.objects.filter(pk__in=[row.pk for row in waiting])
    try:
        hooks.deny(list(_revoked(waiting, now)))
    except StoreUnavailable:
        rows.filter(noticed_at=None).update(noticed_at=now)  # or what is issued until it answers would die too
        raise
    rows.delete()
    return len(waiting)


def tell_promptly() -> None:
    """To be called after a commit that took something away. Tells what waits before it too, such as a whole timetable.
    Where the store of reports does not answer, the reconciler tells later."""
    try:
        for _ in range(PAGES):
            if tell() < MANY:
                return
    except StoreUnavailable:
        log.warning("Which tokens are no longer good could not be told yet.")


def _revoked(rows: Sequence[Revocation], now: datetime) -> Iterator[Revoked]:
    """All but those of which no token can be about: sign-ins that expired long ago, lessons whose day is to come."""
    to_come = Lesson.objects.filter(date__gt=(now + timedelta(days=1)).date())
    lessons = {row.lesson_id for row in rows if row.lesson_id is not None}
    later = set(to_come.filter(pk__in=lessons).values_list("pk", flat=True)) if lessons else set()
    for row in rows:
        if row.lesson_id not in later and (row.expires_at is None or row.expires_at > now - TICKETS_END):
            yield Revoked(row.user_id, row.noticed_at or now, row.sid, row.lesson_id)
