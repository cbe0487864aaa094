"""`fixtures/demo.json`: the people in it."""

import json
import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import pytest

from dev.demo import timetable
from fixtures import make_demo
from lessons import upn

Rows = dict[str, dict[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Returns fields by model and key."""
    found: Rows = defaultdict(dict)
    for row in json.loads(make_demo.FILE.read_text(encoding="utf-8")):
        found[row["model"].removeprefix("lessons.")][row["pk"]] = row["fields"]
    return found


def test_the_file_is_what_its_script_makes() -> None:
    assert make_demo.FILE.read_text(encoding="utf-8") == make_demo.demo()


def test_there_are_two_schools_of_two_authorities(rows: Rows) -> None:
    assert len(rows["school"]) == len({school["local_authority"] for school in rows["school"].values()}) == 2
    assert all(re.fullmatch("[1-9][0-9]{5}", school["urn"]) for school in rows["school"].values())


def test_there_are_three_hundred_students_of_every_year(rows: Rows) -> None:
    students = rows["student"].values()
    assert len(students) == len({student["legal_name"] for student in students}) == 300
    assert {student["year_group"] for student in students} == set(range(12))


def test_upns_are_valid_and_nobody_shares_one(rows: Rows) -> None:
    upns = [student["upn"] for student in rows["student"].values() if student["upn"]]
    assert all(upn.is_valid(each) for each in upns)
    assert 290 < len(set(upns)) == len(upns) < 300


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\w+$",
        r"\w'\w",
        r"\w-\w",
        "[ëíéáóâŷ]",
        "[ŁąęłńśźżóŹ]",
        "[çğışöüÇŞÖ]",
        "^van |^d[ao]s? | van ",
        "^.{35,}$",
        "^.{1,5}$",
    ],
)
def test_names_are_as_various_as_in_britain(rows: Rows, pattern: str) -> None:
    assert any(re.search(pattern, student["legal_name"]) for student in rows["student"].values())


def test_some_have_a_preferred_name_and_all_a_place_in_lists(rows: Rows) -> None:
    students = rows["student"].values()
    assert sum(bool(student["preferred_name"]) for student in students) > 20
    assert all(student["sort_name"].isascii() and student["sort_name"][0].isupper() for student in students)


@pytest.mark.parametrize("day", [date(2025, 9, 1), date(2026, 9, 14), date(2040, 1, 1)])
def test_groups_are_of_eight_to_thirty_one(rows: Rows, day: date) -> None:
    sizes = Counter(
        each["group"]
        for each in rows["enrolment"].values()
        if each["starts_on"] <= day.isoformat() <= (each["ends_on"] or "9999")
    )
    assert set(sizes) == set(rows["group"])
    assert (min(sizes.values()), max(sizes.values())) == (8, 31)


def test_some_changed_group_or_joined_in_mid_year(rows: Rows) -> None:
    enrolments = rows["enrolment"].values()
    assert any(each["ends_on"] for each in enrolments)
    assert any(student["on_roll_from"][5:7] != "09" for student in rows["student"].values())


def test_every_row_is_of_the_school_of_its_parents(rows: Rows) -> None:
    for each in rows["enrolment"].values():
        assert rows["student"][each["student"]]["school"] == rows["group"][each["group"]]["school"] == each["school"]


def test_staff_are_of_every_role(rows: Rows) -> None:
    usernames = {pk: user["username"] for pk, user in rows["user"].items()}
    roles = {(usernames[each["user"]], each["role"], each["school"]) for each in rows["membership"].values()}
    [secondary] = [pk for pk, school in rows["school"].items() if school["external_id"] == timetable.SECONDARY]
    [primary] = set(rows["school"]) - {secondary}
    own = {(name, name, secondary) for name in ("teacher", "office", "admin", "integrator")}
    others = {("colleague", "teacher", secondary), ("outsider", "teacher", primary), ("operator", "operator", None)}
    assert own | others <= roles
    assert sum(role == "teacher" and school == secondary for _, role, school in roles) > 8
    assert not any(user.get("is_superuser") for user in rows["user"].values())
    assert set(timetable.TUTORS.values()) | set(timetable.CLASSES.values()) <= set(usernames.values())


@pytest.mark.parametrize("school", [timetable.PRIMARY, timetable.SECONDARY])
@pytest.mark.parametrize("day", [date(2026, 9, 14) + timedelta(days=number) for number in range(7)])
def test_nobody_is_in_two_lessons_at_once(rows: Rows, school: str, day: date) -> None:
    groups = {group["external_id"]: pk for pk, group in rows["group"].items()}
    members = defaultdict(set)
    for each in rows["enrolment"].values():
        if not each["ends_on"]:
            members[each["group"]].add(each["student"])
    busy: set[tuple[Any, Any]] = set()
    for slot in timetable.slots(school, day):
        people = {slot.teacher, slot.assistant, *members[groups[slot.group]]} - {""}
        wanted = {(slot.start, person) for person in people}
        assert not busy & wanted, slot
        busy |= wanted
