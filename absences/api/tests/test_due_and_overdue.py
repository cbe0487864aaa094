"""Which lessons `state=due` and `state=overdue` find, by the clock of each school, at the edges of days and years."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from absences.api.serializers import LessonQuery, lessons_matching
from absences.taking import day_pack
from absences.tests.api import due_today, signed_in
from lessons.factories import LessonFactory, MembershipFactory, SchoolFactory, person
from lessons.models import Lesson, Role, School, User

pytestmark = pytest.mark.django_db

LONDON, TOKYO, HONOLULU = "Europe/London", "Asia/Tokyo", "Pacific/Honolulu"
NINE = {"start_time": time(9), "end_time": time(10)}


def school_in(zone: str, user: User | None = None) -> School:
    school: School = SchoolFactory.create(time_zone=zone)
    if user:
        MembershipFactory.create(user=user, school=school, role=Role.OFFICE)
    return school


def on(school: School, day: date, **times: time) -> Lesson:
    lesson: Lesson = LessonFactory.create(group__school=school, date=day, **(NINE | times))
    return lesson


def given(user: User, now: datetime, **query: str) -> list[Lesson]:
    """Returns the lessons in the list at that moment."""
    asked = LessonQuery(data=query, context={"user": user})
    asked.is_valid(raise_exception=True)
    schools = [acting.school for acting in user.access.acting.values()]
    seen = Lesson.objects.for_user(user, now).with_state(now)
    found = list(lessons_matching(seen, asked.validated_data, schools, now).order_by("starts_at", "pk"))
    assert {lesson.state for lesson in found} <= {"due"} or "state" not in query, "both are open for taking"
    return found


def local(zone: str, *moment: int) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize("zone", [LONDON, TOKYO, HONOLULU])
@pytest.mark.parametrize(
    "day",
    [
        *(date(2026, 9, 14), date(2026, 9, 1), date(2026, 12, 31), date(2027, 1, 1)),  # a Monday, a school year, a year
        *(date(2028, 2, 29), date(2027, 3, 28), date(2026, 10, 25)),  # a leap day, and the clocks change
    ],
)
def test_a_lesson_is_due_until_its_day_ends(zone: str, day: date) -> None:
    office = person(None, Role.OPERATOR, "olive")
    lesson = on(school_in(zone, office), day)
    last = datetime.combine(day, time(23, 59, 59), ZoneInfo(zone))
    midnight = datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(zone))
    for now, due, overdue in ((lesson.starts_at, [lesson], []), (last, [lesson], []), (midnight, [], [lesson])):
        assert given(office, now, state="due") == due, now
        assert given(office, now, state="overdue") == overdue, now


def test_a_monday_leaves_fridays_register_out() -> None:
    """And a statutory session of six days ago does not come before today's lesson."""
    office = person(None, Role.OPERATOR, "olive")
    school = school_in(LONDON, office)
    old, friday, monday = (on(school, day) for day in (date(2026, 9, 8), date(2026, 9, 11), date(2026, 9, 14)))
    now = local(LONDON, 2026, 9, 14, 9, 5)
    assert given(office, now, state="due") == [monday]
    assert given(office, now, state="overdue") == [old, friday]


def test_each_school_has_its_own_today() -> None:
    """At half past four on a Monday afternoon in London it is Tuesday in Tokyo."""
    office = person(None, Role.OPERATOR, "olive")
    london, tokyo = school_in(LONDON, office), school_in(TOKYO, office)
    monday, tuesday = date(2026, 9, 14), date(2026, 9, 15)
    here, there = on(london, monday), on(tokyo, monday)
    early = on(tokyo, tuesday, start_time=time(0, 30), end_time=time(1))
    now = local(LONDON, 2026, 9, 14, 16, 30)
    assert given(office, now, state="due") == [here, early]
    assert given(office, now, state="overdue") == [there]
    assert given(office, now, date="today") == [here, early]
    assert given(office, now, date="today", state="due") == [here, early]


def test_what_opens_before_midnight_is_due() -> None:
    office = person(None, Role.OPERATOR, "olive")
    night = on(school_in(LONDON, office), date(2026, 9, 15), start_time=time(0, 15), end_time=time(1))
    now = local(LONDON, 2026, 9, 14, 23, 30)
    assert (given(office, now, state="due"), given(office, now, state="overdue")) == ([night], [])
    assert given(office, now, state="due", date="today") == []


@pytest.mark.parametrize(
    "days", [{"date": "2026-09-11"}, {"from": "2026-09-11", "to": "2026-09-13"}, {"to": "2026-09-13"}]
)
def test_with_days_due_is_of_those(days: dict[str, str]) -> None:
    office = person(None, Role.OPERATOR, "olive")
    school = school_in(LONDON, office)
    friday, monday = on(school, date(2026, 9, 11)), on(school, date(2026, 9, 14))
    now = local(LONDON, 2026, 9, 14, 12)
    assert given(office, now, state="due", **days) == [friday]
    assert given(office, now, state="overdue", **days) == [friday]
    assert given(office, now, state="overdue", date="2026-09-14") == []
    assert given(office, now, state="due", **{"from": "2026-09-01"}) == [friday, monday]


def test_only_what_can_be_taken_is_overdue() -> None:
    office = person(None, Role.OPERATOR, "olive")
    school = school_in(LONDON, office)
    LessonFactory.create(group__school=school, date=date(2026, 9, 11), cancelled=True)
    left = on(school, date(2026, 9, 11))
    assert given(office, local(LONDON, 2026, 9, 14, 12), state="overdue") == [left]


def test_by_the_api(school: School, teacher: User, office: User) -> None:
    today = due_today(school, teacher)
    left = LessonFactory.create(group=today.group, date=today.date - timedelta(days=6))
    api = signed_in(office)

    def shown(query: str) -> list[tuple[int, str]]:
        return [(each["id"], each["state"]) for each in api.client.get(f"/api/v1/lessons?{query}").json()["results"]]

    assert shown("state=due") == shown("state=due&date=today") == shown("date=today") == [(today.pk, "due")]
    assert shown("state=overdue") == shown(f"state=due&date={left.date}") == [(left.pk, "due")]
    assert api.get(f"/api/v1/lessons/{left.pk}").json()["state"] == "due"


def test_a_device_keeps_today_as_each_school_has_it() -> None:
    alice = person(None, Role.OPERATOR, "alice")
    schools = [school_in(zone, alice) for zone in (LONDON, TOKYO)]
    own: list[Any] = [
        LessonFactory.create(group__school=school, date=date(2026, 9, 14), taught_by=alice, **NINE)
        for school in schools
    ]
    pack = day_pack.of(alice, schools, local(LONDON, 2026, 9, 14, 16, 30), sid="")
    assert [lesson.pk for lesson in pack.lessons] == [own[0].pk]


@pytest.mark.parametrize("name", ["README.md", "docs/integrators.md"])
def test_examples_name_the_day(name: str) -> None:
    """Otherwise somebody who copies one might take last week's register."""
    examples = re.findall(r"/lessons\?[^\"` ]*state=due[^\"` ]*", (settings.BASE_DIR / name).read_text())
    assert examples and all("date=today" in each for each in examples), examples
