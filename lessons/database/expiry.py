"""Deletes expired rows: refresh tokens, sessions, idempotent answers, tallies, old notices, and reminders that nobody
needs.

The office's record of an absence (calls, the front desk) is not deleted (`models/office.py`).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet

from lessons.lifetimes import ANSWERS_KEPT, TICKETS_END
from lessons.models import BrowserSession, KeptAnswer, Notice, RefreshToken, Tally

MANY = 1000
DONE_FOR = timedelta(days=30)  # a notice
REMINDS_FOR = timedelta(days=30)  # of a register that nobody takes


def forget(now: datetime) -> Iterator[int]:
    """Deletes in pages, and yields the size of each. Safe to repeat, and to run twice at once."""
    for rows in _expired(now):
        while found := list(rows.values_list("pk", flat=True)[:MANY]):
            yield rows.model._base_manager.filter(pk__in=found).delete()[0]


def count(now: datetime) -> int:
    return sum(rows.count() for rows in _expired(now))


def sessions(now: datetime) -> QuerySet[BrowserSession]:
    return BrowserSession.objects.filter(expire_date__lte=now - TICKETS_END)


def _expired(now: datetime) -> list[QuerySet]:  # type: ignore[type-arg]
    return [
        RefreshToken.objects.filter(expires_at__lte=now - TICKETS_END),
        sessions(now),
        KeptAnswer.objects.filter(made_at__lte=now - ANSWERS_KEPT),
        Tally.objects.filter(ends_at__lte=int(now.timestamp())),
        Notice.objects.filter(done_at__lte=now - DONE_FOR),
        Notice.objects.needless(),
        Notice.objects.filter(kind=Notice.Kind.REMINDER, done_at=None, made_at__lte=now - REMINDS_FOR),
    ]
