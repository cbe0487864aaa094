"""The period of a page: `?from=&to=`."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.http import HttpRequest
from django.utils.translation import gettext as _

from lessons.calendar import school_time
from lessons.errors import FieldError, InvalidInput
from lessons.models import School

LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Period:
    """A period; both days are included."""

    first: date
    last: date


def asked(request: HttpRequest, school: School, now: datetime, *, back: timedelta | None = None) -> Period:
    """Returns the period from `from` to `to`. By default it ends today, and begins with that school year or `back`
    before. Raises InvalidInput."""
    today = school_time.local_date(school.time_zone, now)
    last = day(request, "to", today)
    first = day(
        request, "from", last - back if back else school_time.school_year_dates(school_time.school_year(last))[0]
    )
    if not first <= last:
        raise InvalidInput([FieldError("/from", "order", _("The first day comes after the last one."))])
    if last - first > LONGEST:
        raise InvalidInput([FieldError("/from", "too_long", _("Choose a year at most."))])
    return Period(first, last)


def day(request: HttpRequest, name: str, default: date) -> date:
    """Returns the date in a parameter. Raises InvalidInput."""
    given = request.GET.get(name)
    if not given:
        return default
    with suppress(ValueError):
        found = date.fromisoformat(given)
        if 2000 <= found.year <= 2100:  # far enough from the ends of the calendar for arithmetic with days
            return found
    raise InvalidInput([FieldError(f"/{name}", "invalid", _("A day is written like 2026-09-14."))])
