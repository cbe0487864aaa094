"""A school's days: those from Monday to Friday on which it has lessons that are not cancelled."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from lessons.models import Lesson, School

RESOLVED_WITHIN = 5  # school days after the absence; then the office records what nobody knows (N) as O
SATURDAY = 5
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Term:
    """When an absence must have its reason: `left` are the school days after today until then, the last one included;
    once it is over, the school days since."""

    until: date
    left: int
    is_over: bool


@dataclass(frozen=True)
class SchoolDays:
    """Known as far as the timetable goes; after that any weekday may be one."""

    days: tuple[date, ...]
    today: date

    @classmethod
    def of(cls, school: School, first: date, today: date) -> SchoolDays:
        """From a day on, and as many after today as an absence of today has: two queries, whatever the timetable."""
        dates = Lesson.objects.scheduled().filter(school=school, date__week_day__in=range(2, 7))
        days = dates.order_by("date").values_list("date", flat=True).distinct()
        past, coming = days.filter(date__range=(first, today)), days.filter(date__gt=today)[:RESOLVED_WITHIN]
        return cls((*past, *coming), today)

    def after(self, day: date) -> Iterator[date]:
        yield from self.days[bisect_right(self.days, day) :]
        day = max((day, *self.days[-1:]))
        while True:
            day += DAY
            if day.weekday() < SATURDAY:
                yield day

    def term(self, absence: date) -> Term:
        later = self.after(absence)
        until = [next(later) for _ in range(RESOLVED_WITHIN)][-1]
        is_over = until < self.today
        return Term(until, self._between(*((until, self.today) if is_over else (self.today, until))), is_over)

    def _between(self, first: date, last: date) -> int:
        """The school days after the one and up to the other."""
        return next(count for count, day in enumerate(self.after(first)) if day > last)
