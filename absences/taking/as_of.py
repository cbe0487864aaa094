"""A register as it stood at a time, for `?at=`."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from absences.registers.merging import Merged
from lessons.errors import FieldError, InvalidInput
from lessons.models import Amendment, School, Student


@dataclass(frozen=True)
class Changed:
    """An amendment on the page; `before` is the moment before it, or None if there was no register yet."""

    amendment: Amendment
    student: Student | None
    before: str | None


def asked(request: HttpRequest, school: School, now: datetime) -> datetime | None:
    """Returns the time in `?at=`, local if it has no offset, or None for now.

    Raises InvalidInput for an invalid or future time.
    """
    given = request.GET.get("at")
    if not given:
        return None
    with suppress(ValueError):
        parsed = parse_datetime(given)
        if parsed and 2000 <= parsed.year <= 2100:  # far enough from the ends of the calendar for every zone
            at = (parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(school.time_zone))).astimezone(UTC)
            if at <= now:
                return at
            raise InvalidInput([FieldError("/at", "future", _("This time has not come yet."))])
    raise InvalidInput([FieldError("/at", "invalid", _("A time is written like 2026-09-14T09:05."))])


def as_it_stood(merged: Merged, at: datetime) -> Merged:
    """Returns the register with only the entries that the server had accepted by then."""
    return replace(
        merged,
        amendments=[amendment for amendment in merged.amendments if amendment.arrived_at <= at],
        rejected=[report for report in merged.rejected if report.arrived_at <= at],
    )


def changes(merged: Merged, students: dict[int, Student]) -> Iterable[Changed]:
    """Yields the changes, oldest first, each with a link to the state before it."""
    for amendment in merged.amendments:
        before = amendment.arrived_at - timedelta(milliseconds=1)
        was_there = before >= merged.register.completed_at
        stamp = before.isoformat(timespec="milliseconds") if was_there else None
        yield Changed(amendment, students.get(amendment.student_id or 0), stamp)
