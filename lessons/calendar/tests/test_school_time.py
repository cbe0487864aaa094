from datetime import UTC, date, datetime, time

import pytest

from lessons.calendar import school_time

LONDON = "Europe/London"


@pytest.mark.parametrize(
    ("day", "clock", "instant"),
    [
        (date(2026, 1, 12), time(9), datetime(2026, 1, 12, 9, tzinfo=UTC)),
        (date(2026, 7, 13), time(9), datetime(2026, 7, 13, 8, tzinfo=UTC)),
        # The Sundays on which the clocks change, and the Mondays after them.
        (date(2026, 3, 29), time(9), datetime(2026, 3, 29, 8, tzinfo=UTC)),
        (date(2026, 3, 30), time(9), datetime(2026, 3, 30, 8, tzinfo=UTC)),
        (date(2026, 10, 25), time(9), datetime(2026, 10, 25, 9, tzinfo=UTC)),
        (date(2026, 10, 26), time(9), datetime(2026, 10, 26, 9, tzinfo=UTC)),
        # In October half past one occurs twice, in March not at all.
        (date(2026, 10, 25), time(1, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 3, 29), time(1, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_wall_time_in_london(day: date, clock: time, instant: datetime) -> None:
    assert school_time.at(LONDON, day, clock) == instant
    assert school_time.at(LONDON, day, clock).tzinfo is UTC


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 7, 13, 22, 59, tzinfo=UTC), date(2026, 7, 13)),
        (datetime(2026, 7, 13, 23, 0, tzinfo=UTC), date(2026, 7, 14)),
        (datetime(2026, 1, 12, 23, 59, tzinfo=UTC), date(2026, 1, 12)),
    ],
)
def test_the_day_in_london(now: datetime, day: date) -> None:
    assert school_time.local_date(LONDON, now) == day


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 5), 24)])
def test_a_day_ends_at_midnight_however_long_it_is(day: date, hours: int) -> None:
    lasted = school_time.end_of_day(LONDON, day) - school_time.at(LONDON, day, time.min)
    assert lasted.total_seconds() == hours * 3600


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 8, 31), 2025),
        (date(2026, 9, 1), 2026),
        (date(2026, 12, 31), 2026),
        (date(2027, 1, 1), 2026),
    ],
)
def test_a_school_year_begins_in_september(day: date, year: int) -> None:
    first, last = school_time.school_year_dates(year)
    assert school_time.school_year(day) == year
    assert first <= day <= last
