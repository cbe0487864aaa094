"""The calendar picture of a pupil's year."""

from datetime import date, time
from typing import Any

from absences.pupil import picture
from absences.pupil.picture import Day, Picture
from absences.pupil.year import Entry, Lesson, SchoolYear
from lessons import codes
from lessons.calendar import school_time

ENGLAND = codes.code_set("england", date(2026, 9, 14))


def lesson(day: date, session: str = "") -> Lesson:
    return Lesson(1, day, time(9), session, "", 1, "8A")


def entry(day: date, session: str, code: str | None) -> Entry:
    known = ENGLAND.get(code) if code else None
    return Entry(lesson(day, session), known, None, code, None, (), "Ms Lee", "")


def drawn(*entries: Entry, until: date = date(2026, 9, 18), **fields: Any) -> Picture:
    year = school_time.school_year(until)
    first, last = school_time.school_year_dates(year)
    given: dict[str, Any] = {"untaken": (), "open_days": frozenset()} | fields
    return picture.draw(SchoolYear(year, first, last, until, entries, **given))


def of(found: Picture, day: date) -> Day:
    return next(each for month in found.months for each in month.days if each.date == day)


MONDAY, TUESDAY = date(2026, 9, 14), date(2026, 9, 15)


def test_two_halves_a_day_each_with_its_letter() -> None:
    day = of(drawn(entry(MONDAY, "PM", "/"), entry(MONDAY, "AM", "I")), MONDAY)
    assert [(box.look, box.letters) for box in day.boxes] == [("authorised", "I"), ("present", "\\")]
    assert day.cells == ["Illness (I)", "Present"]
    assert day.boxes[0].x < day.boxes[1].x


def test_a_half_day_leaves_the_other_half_empty() -> None:
    day = of(drawn(entry(MONDAY, "PM", "/")), MONDAY)
    assert (day.cells, len(day.boxes)) == (["", "Present"], 1)


def test_what_is_not_known_is_told_apart() -> None:
    found = drawn(
        entry(MONDAY, "AM", None),
        untaken=[lesson(MONDAY, "PM")],
        open_days=frozenset({TUESDAY}),
        until=date(2026, 9, 17),
    )
    assert [box.look for box in of(found, MONDAY).boxes] == ["unstated", "untaken"]
    looks = [of(found, date(2026, 9, day)).look for day in (15, 16, 18)]
    assert looks == ["open", "off", "coming"]
    assert [look for look, *_ in found.legend] == ["unstated", "untaken", "open", "off", "coming"]


def test_weeks_stand_below_each_other() -> None:
    found = drawn(entry(MONDAY, "AM", "/"))
    assert [of(found, date(2026, 9, day)).y for day in (1, 4, 7, 14)] == [14, 14, 48, 82]
    assert (found.months[0].width, found.months[0].height) == (5 * 37, 14 + 5 * 34)
    assert [head.strftime("%a") for _, head in found.months[0].heads] == ["Mon", "Tue", "Wed", "Thu", "Fri"]


def test_a_month_that_begins_at_a_weekend_has_no_empty_week() -> None:
    assert of(drawn(until=date(2026, 11, 6)), date(2026, 11, 2)).y == 14


def test_a_school_on_saturdays_has_wider_weeks() -> None:
    assert drawn(entry(date(2026, 9, 12), "AM", "/")).months[0].width == 7 * 37


def test_months_until_now_without_those_of_holidays() -> None:
    found = drawn(entry(date(2026, 7, 14), "AM", "/"), entry(date(2025, 9, 2), "AM", "/"), until=date(2026, 8, 31))
    assert [month.first.month for month in found.months] == [9, 7]
    assert [month.first.month for month in drawn(until=date(2026, 10, 2)).months] == [10]


def test_figures_of_a_month_are_its_sessions() -> None:
    november = drawn(
        entry(date(2026, 11, 30), "AM", "I"), entry(date(2026, 10, 1), "AM", "/"), until=date(2026, 12, 1)
    ).months[1]
    assert (november.figures.possible, november.figures.authorised) == (1, 1)


def test_without_sessions_a_day_says_how_many_lessons_were_attended() -> None:
    found = drawn(
        entry(MONDAY, "", "/"), entry(MONDAY, "", "N"), entry(MONDAY, "", None), entry(TUESDAY, "", "X"),
        untaken=[lesson(date(2026, 9, 16)), lesson(MONDAY)],
    )  # fmt: skip
    [monday], [tuesday], [wednesday] = (of(found, date(2026, 9, day)).boxes for day in (14, 15, 16))
    assert (monday.letters, monday.look, monday.words) == ("1/2", "unauthorised", "1 of 2 lessons attended")
    assert (tuesday.letters, tuesday.look, wednesday.look) == ("×", "not_possible", "untaken")
    assert not found.by_session
