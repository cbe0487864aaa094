"""The revocations that servers share: tokens and tickets that are refused before they end."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pymongo import UpdateOne

from absences.store import mongo
from absences.store.documents import RevocationEntry


def add(entries: Iterable[RevocationEntry]) -> None:
    """Adds entries, or extends those that are there. Raises StoreUnavailable; safe to repeat."""
    updates = [
        UpdateOne(
            {"_id": entry["_id"]},
            {"$max": {"not_before": entry["not_before"], "expires_at": entry["expires_at"]}},
            upsert=True,
        )
        for entry in entries
    ]
    with mongo.answering(mongo.PATIENT):
        mongo.revocations().bulk_write(updates)


def read(expiring_after: datetime | None) -> Sequence[RevocationEntry]:
    """Returns the entries that expire later than that, or all of them. Raises StoreUnavailable."""
    with mongo.answering():
        return list(mongo.revocations().find({"expires_at": {"$gt": expiring_after}} if expiring_after else {}))
