"""Tells whoever verifies tokens without SQL that somebody's are no longer good."""

from datetime import datetime

from lessons import reports
from lessons.models import Revocation

MANY = 1000


def tell(now: datetime) -> int:
    """Passes on what is waiting, and says how much that was. Safe to repeat. Raises StoreUnavailable; the rows then
    wait. One that is written meanwhile, about the same person too, is another row and is told the next time."""
    waiting = dict(Revocation.objects.order_by("pk").values_list("pk", "user_id")[:MANY])
    if waiting:
        reports.deny(set(waiting.values()), now)
        Revocation.objects.filter(pk__in=waiting).delete()
    return len(waiting)
