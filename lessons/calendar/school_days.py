"""A school's days: Monday to Friday, where it has lessons that are not cancelled. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

RESOLVED_WITHIN = 5  # school days after the absence; then the office records what nobody knows (N) as O
SATURDAY = 5
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Deadline:
    """By when an absence must have its reason. `left` counts the school days after today up to `until`; once that is
    over, the school days since."""

    until: date
    left: int
    is_over: bool


@dataclass(frozen=True)
class SchoolDays:
    """The school days that the timetable knows; after its end any weekday may be one."""

    days: tuple[date, ...]
    today: date

    def after(self, day: date) -> Iterator[date]:
        yield from self.days[bisect_right(self.days, day) :]
        day = max((day, *self.days[-1:]))
        while True:
            day += DAY
            if day.weekday() < SATURDAY:
                yield day

    def deadline(self, absence: date) -> Deadline:
        later = self.after(absence)
        until = [next(later) for _ in range(RESOLVED_WITHIN)][-1]
        is_over = until < self.today
        return Deadline(until, self._between(*((until, self.today) if is_over else (self.today, until))), is_over)

    def _between(self, first: date, last: date) -> int:
        """Returns how many school days come after the first day, up to the last."""
        return next(count for count, day in enumerate(self.after(first)) if day > last)
