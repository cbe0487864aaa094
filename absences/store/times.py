"""Dates and times in the form in which MongoDB keeps them."""

from datetime import UTC, date, datetime, time


def as_stored(moment: datetime) -> datetime:
    """Returns the moment to the millisecond, as MongoDB keeps it, so that an answer and a later reading agree."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def midnight(day: date) -> datetime:
    """Returns midnight UTC, which stands for a lesson's local date: BSON has no dates without a time."""
    return datetime.combine(day, time.min, UTC)
