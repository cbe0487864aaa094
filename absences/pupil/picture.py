"""The calendar picture of a school year, for SVG: a small calendar per month, with a box for each of the day's
sessions. Pure.

The letter in a box gives its meaning; the colour only helps to find it. If the school keeps no sessions, a box says how
many of the day's lessons were attended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import itemgetter

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from absences.pupil.year import Entry, SchoolYear
from absences.web.words import word
from lessons import codes
from lessons.calendar.school_days import SATURDAY
from lessons.codes import Code, Kind
from lessons.models import Session
from lessons.registers.rates import Figures

# In units of the picture, which is as wide as its five or seven days.
WIDTH, HEIGHT, HEAD, HALF, GAP = 37, 34, 14, 16, 1

EMPTY = ("open", "off", "coming")

# The looks of a box, each with its letter as an example and its meaning.
LEGEND: dict[str, tuple[str, Promise]] = {
    "present": ("/", gettext_lazy("Present")),
    "late": ("L", gettext_lazy("Late, before the register closed")),
    "approved": ("V", gettext_lazy("At an approved activity")),
    "authorised": ("I", gettext_lazy("Authorised absence")),
    "unauthorised": ("N", gettext_lazy("Unauthorised absence")),
    "not_possible": ("Y", gettext_lazy("Not expected")),
    "unstated": ("?", gettext_lazy("Not stated: counts nowhere")),
    "untaken": ("–", gettext_lazy("Register not taken")),
    "open": ("", gettext_lazy("The school was open, and no register names this pupil")),
    "off": ("·", gettext_lazy("No school")),
    "coming": ("", gettext_lazy("Still to come")),
}


@dataclass(frozen=True, slots=True)
class Box:
    """A box that begins at `x` within its day; `words` are its meaning."""

    x: int
    width: int
    look: str
    letters: str
    words: str

    @property
    def shape(self) -> SafeString:
        middle = self.x + self.width // 2
        return format_html(
            '<g class="{}"><rect x="{}.5" y="13.5" width="{}" height="16" /><text x="{}" y="25.5">{}</text></g>',
            *(self.look, self.x, self.width, middle, self.letters),
        )


@dataclass(frozen=True, slots=True)
class Day:
    """A day at (x, y) within its month. `boxes` are two for the sessions, or one for the lessons, or none if nothing is
    known; `look` says why."""

    date: date
    x: int
    y: int
    look: str
    boxes: Sequence[Box]

    @property
    def name(self) -> str:
        return f"{WEEKDAYS_ABBR[self.date.weekday()]} {self.date.day}"

    @property
    def cells(self) -> list[str]:
        """Returns the cells of the table that replaces the picture, by session."""
        halves = {box.x: box.words for box in self.boxes}
        return [halves.get(x, "") for x in (0, HALF + GAP)]


@dataclass(frozen=True)
class Month:
    first: date
    days: Sequence[Day]
    figures: Figures
    width: int
    height: int

    @property
    def shapes(self) -> SafeString:
        """Returns the days as SVG. A template would take as long as the rest of the page."""
        shapes = {box: box.shape for box in {box for day in self.days for box in day.boxes}}
        empty = {look: Box(0, 2 * HALF + GAP, look, LEGEND[look][0], "").shape for look in EMPTY}
        drawn = '<g transform="translate({} {})"><text class="number" x="16" y="10">{}</text>{}</g>'
        return format_html_join(
            "\n",
            drawn,
            (
                (day.x, day.y, day.date.day, _join(shapes[box] for box in day.boxes) or empty[day.look])
                for day in self.days
            ),
        )

    @property
    def told(self) -> Iterator[Day]:
        """Yields days with a box."""
        return (day for day in self.days if day.boxes)

    @property
    def heads(self) -> Iterator[tuple[int, date]]:
        """Yields a date for each weekday, with the middle of its column."""
        monday = self.first - timedelta(self.first.weekday())
        return ((column * WIDTH + HALF, monday + timedelta(column)) for column in range(self.width // WIDTH))


@dataclass(frozen=True)
class Picture:
    by_session: bool
    months: Sequence[Month]

    @property
    def legend(self) -> list[tuple[str, str, Promise]]:
        """Returns the legend of the looks in the picture."""
        days = [day for month in self.months for day in month.days]
        looks = {day.look for day in days} | {box.look for day in days for box in day.boxes}
        return [(look, letters, words) for look, (letters, words) in LEGEND.items() if look in looks]


def draw(year: SchoolYear) -> Picture:
    """Draws the months that have begun, except those without entries and without school."""
    boxes = _by_session(year) if year.has_sessions else _by_lesson(year)
    columns = 7 if any(day.weekday() >= SATURDAY for day in boxes) else SATURDAY
    months = [_month(year, first, columns, boxes) for first in _firsts(year)]
    last = year.until.replace(day=1)
    return Picture(
        year.has_sessions,
        [each for each in months if each.first == last < year.last.replace(day=1) or _is_of_use(each)],
    )


def _join(shapes: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((shape,) for shape in shapes))


def _is_of_use(month: Month) -> bool:
    return any(day.look not in ("off", "coming") for day in month.days)


def _firsts(year: SchoolYear) -> Iterator[date]:
    day = year.first
    while day <= year.until:
        yield day
        day = (day + timedelta(31)).replace(day=1)


def _month(year: SchoolYear, first: date, columns: int, boxes: dict[date, list[Box]]) -> Month:
    last = (first + timedelta(31)).replace(day=1) - timedelta(1)
    start = first - timedelta(first.weekday())
    if first.weekday() >= columns:  # the month begins at a weekend that is not drawn
        start += timedelta(7)
    days = []
    for number in range(last.day):
        day = first + timedelta(number)
        if day.weekday() < columns:
            y = HEAD + (day - start).days // 7 * HEIGHT
            of_day = boxes.get(day, ())
            days.append(Day(day, day.weekday() * WIDTH, y, "" if of_day else _empty(year, day), of_day))
    height = days[-1].y + HEIGHT
    return Month(first, days, _figures(year, first, last), columns * WIDTH, height)


def _empty(year: SchoolYear, day: date) -> str:
    if day > year.until:
        return "coming" if day.weekday() < SATURDAY else "off"
    return "open" if day in year.open_days else "off"


def _figures(year: SchoolYear, first: date, last: date) -> Figures:
    if year.has_sessions:
        return Figures.of(code for (day, _session), code in year.sessions.items() if first <= day <= last)
    return Figures.of(entry.code for entry in year.entries if first <= entry.lesson.date <= last)


def _by_session(year: SchoolYear) -> dict[date, list[Box]]:
    marks = {(slot[1], code) for slot, code in year.sessions.items()}
    boxes = {mark: _half(*mark) for mark in marks}  # a handful, for hundreds of sessions
    known = {slot: boxes[slot[1], code] for slot, code in year.sessions.items()}
    known |= {slot: _box(slot[1], "untaken", "–", _("Register not taken")) for slot in year.untaken_sessions}
    found: dict[date, list[Box]] = defaultdict(list)
    for (day, _session), box in sorted(known.items(), key=itemgetter(0)):
        found[day].append(box)
    return found


def _half(session: str, code: Code | None) -> Box:
    return _box(session, _look(code), _letters(code, session), _words(code))


def _box(session: str, look: str, letters: str, words: str) -> Box:
    return Box(0 if session == Session.AM else HALF + GAP, HALF, look, letters, words)


def _by_lesson(year: SchoolYear) -> dict[date, list[Box]]:
    entries: dict[date, list[Entry]] = defaultdict(list)
    for entry in year.entries:
        entries[entry.lesson.date].append(entry)
    untaken = {lesson.date for lesson in year.untaken} - entries.keys()
    found = {day: [_of_day(said)] for day, said in entries.items()}
    return found | {day: [_wide("untaken", "–", _("Register not taken"))] for day in untaken}


def _of_day(entries: Iterable[Entry]) -> Box:
    """Returns a box with the number of the day's lessons attended; it looks like the worst one missed."""
    known = [entry.code for entry in entries]
    figures = Figures.of(known)
    if not figures.possible:
        look = next((_look(code) for code in known if code), "unstated")
        return _wide(look, "?" if look == "unstated" else "×", str(LEGEND[look][1]))
    look = "unauthorised" if figures.unauthorised else "authorised" if figures.authorised else "present"
    said = {"attended": figures.attended, "possible": figures.possible}
    text = ngettext(
        "%(attended)s of %(possible)s lesson attended",
        "%(attended)s of %(possible)s lessons attended",
        said["possible"],
    )
    return _wide(look, f"{figures.attended}/{figures.possible}", text % said)


def _wide(look: str, letters: str, words: str) -> Box:
    return Box(0, 2 * HALF + GAP, look, letters, words)


def _look(code: Code | None) -> str:
    if code is None:
        return "unstated"
    if code.code == codes.LATE:
        return "late"
    return "not_possible" if code.kind is Kind.NOT_COLLECTED else code.kind.value


def _letters(code: Code | None, session: str) -> str:
    if code is None:
        return "?"
    return "\\" if code.code == codes.PRESENT and session == Session.PM else code.code


def _words(code: Code | None) -> str:
    said = word(code.code if code else None)
    return f"{said} ({code.code})" if code and code.code != codes.PRESENT else said
