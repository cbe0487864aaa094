"""The moment at which the suite runs: a frozen clock, at one of a dozen moments that have caught this product or
others.

`TEST_CLOCK` names the moment; `make test` takes the first. `python -m attendance_site.tests.clock COMMIT` prints
another, chosen by the commit's hash, for the second run of continuous integration.

The clock stands still during a test. A test that measures time, or starts processes with clocks of their own, is marked
`wall_clock` and is not frozen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import time_machine

WALL_CLOCK = "wall-clock"

# In UTC. A school's default zone is London.
MOMENTS: dict[str, datetime | None] = {
    "school-morning": datetime(2026, 9, 15, 9, 0, tzinfo=UTC),  # a Tuesday, 10:00 in London
    "weekday-evening": datetime(2026, 11, 10, 19, 20, tzinfo=UTC),  # Wednesday already in Tokyo
    "midsummer-midnight": datetime(2027, 6, 16, 23, 30, tzinfo=UTC),  # Thursday in London, Wednesday in UTC
    "saturday": datetime(2026, 11, 14, 11, 0, tzinfo=UTC),
    "sunday-night": datetime(2026, 9, 20, 23, 30, tzinfo=UTC),  # Monday in London
    "clocks-forward": datetime(2027, 3, 28, 1, 0, tzinfo=UTC),  # 00:59:59 is followed by 02:00:00
    "clocks-back": datetime(2026, 10, 25, 0, 59, 59, 900_000, tzinfo=UTC),  # 01:59:59, for the first time
    "leap-day": datetime(2028, 2, 29, 10, 30, tzinfo=UTC),
    "school-year-ends": datetime(2027, 8, 31, 22, 59, 30, tzinfo=UTC),  # 23:59:30 in London
    "school-year-begins": datetime(2027, 8, 31, 23, 10, tzinfo=UTC),  # 00:10 on 1 September in London
    "new-years-eve": datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC),
    WALL_CLOCK: None,
}
DEFAULT = next(iter(MOMENTS))


@contextmanager
def at(name: str) -> Iterator[None]:
    """Freezes the clock of this process. Raises KeyError for a name that is not in `MOMENTS`."""
    moment = MOMENTS[name]
    if moment is None:
        yield
        return
    with time_machine.travel(moment, tick=False):
        yield


def second(commit: str) -> str:
    """Returns the name of the second moment at which a commit is tested. `commit` is its hash, in hexadecimal."""
    others = [name for name in MOMENTS if name != DEFAULT]
    return others[int(commit, 16) % len(others)]


if __name__ == "__main__":
    print(second(sys.argv[1]))
