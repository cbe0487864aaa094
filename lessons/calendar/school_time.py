"""School time: local clocks, days and school years in a school's own zone. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def at(zone: str, day: date, clock: time) -> datetime:
    """Returns the UTC instant at which the clocks of `zone` show `clock` on `day`.

    An hour that occurs twice means the first one; in an hour that is skipped, time goes on from before the change.
    """
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def local_date(zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


def clock(zone: str, moment: datetime) -> str:
    """Returns the local time, such as `09:05`."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def milliseconds(moment: datetime) -> int:
    """Returns milliseconds since 1970, as scripts and tokens use them."""
    return int(moment.timestamp() * 1000)


def end_of_day(zone: str, day: date) -> datetime:
    """Returns the UTC instant at which `day` ends in `zone`."""
    return at(zone, day + timedelta(days=1), time.min)


def school_year(day: date) -> int:
    """Returns the year in which the day's school year began, on 1 September: 2026 for 2026/27."""
    return day.year if day.month >= 9 else day.year - 1


def school_year_dates(year: int) -> tuple[date, date]:
    """Returns the first and the last day of a school year."""
    return date(year, 9, 1), date(year + 1, 8, 31)
