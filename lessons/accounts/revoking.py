"""Publishes revoked tokens to the doors that verify tokens without SQL."""

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
PAGES = 20  # published by a request; the reconciler publishes the rest


def tell() -> int:
    """Publishes the waiting revocations, and returns how many there were. Safe to repeat. Raises StoreUnavailable; the
    rows then stay. A row written meanwhile, even about the same user, is published the next time.

    Tokens are compared with the time at which the rows were first seen. That is after their commit, so that no token
    issued on the old rights is missed; the time of the statement, which a trigger could note, is before it.
    """
    waiting = list(Revocation.objects.order_by("pk")[:MANY])
    if not waiting:
        return 0
    now, rows = timezone.now(), Revocation.objects.filter(pk__in=[row.pk for row in waiting])
    try:
        hooks.revoke(list(_revoked(waiting, now)))
    except StoreUnavailable:
        rows.filter(noticed_at=None).update(noticed_at=now)  # otherwise tokens issued before it answers would end too
        raise
    rows.delete()
    return len(waiting)


def tell_promptly() -> None:
    """Publishes revocations after a commit that took a right away. Anything that was waiting goes with it, for example
    a whole timetable. If MongoDB does not answer, the reconciler publishes them later."""
    try:
        for _ in range(PAGES):
            if tell() < MANY:
                return
    except StoreUnavailable:
        log.warning("Revoked tokens could not be published yet; the reconciler tries again.")


def _revoked(rows: Sequence[Revocation], now: datetime) -> Iterator[Revoked]:
    """Yields the revocations that can still concern a token: not of sign-ins that expired long ago, or of lessons on a
    later day."""
    to_come = Lesson.objects.filter(date__gt=(now + timedelta(days=1)).date())
    lessons = {row.lesson_id for row in rows if row.lesson_id is not None}
    later = set(to_come.filter(pk__in=lessons).values_list("pk", flat=True)) if lessons else set()
    for row in rows:
        if row.lesson_id not in later and (row.expires_at is None or row.expires_at > now - TICKETS_END):
            yield Revoked(row.user_id, row.noticed_at or now, row.sid, row.lesson_id)
