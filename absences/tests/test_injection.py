"""Hostile values in every field of the API, and unknown fields: they are errors, and nothing changes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from absences.registers import completion
from absences.store import mongo
from absences.tests.api import Api, due_today, signed_in, with_ticket
from lessons.api import inputs
from lessons.factories import CLIENT_SECRET, ApiClientFactory, GroupFactory, StudentFactory
from lessons.models import (
    Amendment,
    Enrolment,
    Group,
    Lesson,
    Mark,
    PlannedAbsence,
    Register,
    School,
    Student,
    User,
)

pytestmark = pytest.mark.django_db

JSON = dict[str, Any]
STUDENT = "STUDENT"  # stands for a student of the lesson

# Every kind of body: the address after the lesson's, and a valid body.
BODIES: dict[str, tuple[str, str, JSON]] = {
    "report": (
        *("put", "absences/STUDENT"),
        {
            "code": "L",
            "minutes_late": 5,
            "note": "x",
            "device": "phone",
            "sequence": 1,
            "replaces": None,
            "report_id": "8c5f1bd4-26ae-4c4c-8a7d-4ef3a1e9d4e1",
            "reported_at": "2026-09-14T08:00:00Z",
        },
    ),
    "reports": ("post", "absences", {"absences": [{"student_id": STUDENT, "code": "N"}]}),
    "completion": (
        *("post", "complete"),
        {
            "others": "present",
            "roster_seen": [1],
            "taken_at": "2026-09-14T08:00:00Z",
            "request_id": "8c5f1bd4-26ae-4c4c-8a7d-4ef3a1e9d4e1",
        },
    ),
    "amendment": (
        *("post", "register/amendments"),
        {"student_id": STUDENT, "code": "L", "minutes_late": 3, "reason": "Late bus", "expected_code": "/"},
    ),
    "amendments": (
        *("post", "register/amendments"),
        {"amendments": [{"student_id": STUDENT, "code": "N", "reason": "Not there"}]},
    ),
    "void": ("post", "register/void", {"reason": "Wrong class"}),
}
OPERATORS: tuple[Any, ...] = (
    {"$gt": ""},
    {"$ne": None},
    {"$where": "sleep(1000)"},
    [{"$gt": ""}],
    {"$expr": {"$function": {}}},
)
NOT_TEXT = ("a\0b", "\ud800", "\udfff\ud800")
NUMBERS = (10**400, -(10**400), 2**63, -1, 1.5, True)
FOREIGN = (
    *("school", "school_id", "state", "rev", "role", "is_staff", "is_superuser", "by", "by_id", "user", "lesson"),
    *("lesson_id", "_id", "id", "$set", "$inc", "$where", "a.b", "absences.s1", "", "__proto__", "~/x", "x" * 9999),
)


def bent(body: Any, value: object) -> Iterator[Any]:
    """Yields the body with each of its values, at any depth, replaced."""
    if isinstance(body, dict):
        for name in body:
            yield body | {name: value}
            yield from (body | {name: inner} for inner in bent(body[name], value))
    elif isinstance(body, list):
        yield from ([inner] for inner in bent(body[0], value))
        yield [value]


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher, students=1)


class Door:
    """An address with a body, for a user who may use it."""

    def __init__(self, kind: str, lesson: Lesson, roster: list[int], user: User) -> None:
        method, path, body = BODIES[kind]
        self.path = f"/api/v1/lessons/{lesson.pk}/{path}".replace(STUDENT, str(roster[0]))
        self.body = json.loads(json.dumps(body).replace(f'"{STUDENT}"', str(roster[0])))
        api = with_ticket(user, lesson, roster) if "absences" in path else signed_in(user)
        self._ask = getattr(api, method)

    def ask(self, body: Any) -> Any:
        return self._ask(self.path, json.dumps(body))


@pytest.fixture(params=BODIES)
def door(request: pytest.FixtureRequest, lesson: Lesson, roster: list[int], teacher: User) -> Door:
    if "register" in BODIES[request.param][1]:
        completion.complete(teacher, lesson.pk, now=timezone.now())
    return Door(request.param, lesson, roster, teacher)


def everything() -> Any:
    record = [list(model.objects.order_by("pk").values()) for model in (Lesson, Register, Mark, Amendment)]
    return record, list(mongo.sheets().find())


def test_hostile_values(door: Door) -> None:
    before = everything()
    for value in (*OPERATORS, *NOT_TEXT, *NUMBERS):
        for body in bent(door.body, value):
            answer = door.ask(body)
            assert answer.status_code in (400, 422), (body, answer.content)
            assert answer.headers["content-type"] == "application/problem+json"
    assert everything() == before


def test_fields_that_nobody_asked_for(door: Door) -> None:
    before = everything()
    for name in FOREIGN:
        answer = door.ask({**door.body, name: 1})
        assert answer.status_code == 400, (name, answer.content)
        assert {each["code"] for each in answer.json()["errors"]} <= {"unknown_field", "required"}
    assert everything() == before


def test_keys_that_no_store_holds_and_bodies_that_are_wide(door: Door) -> None:
    """Whatever was sent, the answer is small."""
    before = everything()
    for names in (["a\0b"], ["\ud800"], ["a.b", "$c", "a\0b"], [f"k{n}" for n in range(5000)]):
        answer = door.ask({**door.body, **dict.fromkeys(names, 1)})
        assert answer.status_code == 400, (names[:3], answer.content[:300])
        assert len(answer.content) < 64 * 1024
    assert door.ask([{}] * 15_000).status_code == 400
    assert everything() == before


def test_what_is_right_passes(door: Door) -> None:
    """Otherwise the other tests would prove nothing."""
    assert door.ask(door.body).status_code in (200, 201, 202)


# Every field of a row that another system can put.
ROWS: dict[str, tuple[type[inputs.Item], JSON]] = {
    "groups": (inputs.GroupItem, {"external_id": "g1", "name": "8A", "year_group": 8}),
    "students": (
        inputs.StudentItem,
        {
            "external_id": "s1",
            "upn": "",
            "legal_name": "Ada",
            "preferred_name": "A",
            "sort_name": "Ada",
            "year_group": 8,
            "on_roll_from": "2020-09-01",
            "on_roll_until": None,
        },
    ),
    "enrolments": (
        inputs.EnrolmentItem,
        {"external_id": "e1", "student": "s0", "group": "g0", "starts_on": "2026-09-01", "ends_on": "2027-07-20"},
    ),
    "lessons": (
        inputs.LessonItem,
        {
            "external_id": "l1",
            "group": "g0",
            "subject": "Maths",
            "room": "M1",
            "date": "2026-09-14",
            "start_time": "09:00",
            "end_time": "10:00",
            "session": "AM",
            "status": "scheduled",
            "staff": [{"user": "t0", "kind": "teacher"}],
        },
    ),
    "planned-absences": (
        inputs.PlannedAbsenceItem,
        {
            "external_id": "p1",
            "student": "s0",
            "first_day": "2026-09-14",
            "last_day": "2026-09-14",
            "from_time": "09:00",
            "until_time": "11:00",
            "code": "M",
            "reason": "Dentist",
            "cancelled": False,
        },
    ),
}
ROW_TABLES = (Group, Student, Enrolment, Lesson, PlannedAbsence)


class Rows:
    """The rows that another system sends to one of these addresses."""

    def __init__(self, name: str, api: Api) -> None:
        self.path, self.api, (item, self.row) = f"/api/v1/{name}", api, ROWS[name]
        self.name = name.replace("-", "_")
        assert item().fields.keys() == self.row.keys(), "a new field is to be bent too"

    def put(self, row: Any, **more: Any) -> Any:
        return self.api.put(self.path, json.dumps({"source": "mis", self.name: [row], **more}))


@pytest.fixture(params=ROWS)
def rows(request: pytest.FixtureRequest, school: School, teacher: User) -> Rows:
    mis: JSON = {"school": school, "source": "mis"}
    StudentFactory.create(external_id="s0", **mis)
    GroupFactory.create(external_id="g0", **mis)
    teacher.memberships.update(source="mis", external_id="t0")
    return Rows(request.param, signed_in(ApiClientFactory.create(school=school, scopes="timetable").user))


def every_row() -> Any:
    return [list(table.objects.order_by("pk").values()) for table in ROW_TABLES]


def test_hostile_rows(rows: Rows) -> None:
    before = every_row()
    for value in (*OPERATORS, *NOT_TEXT):
        bodies = [rows.put(row) for row in bent(rows.row, value)]
        for answer in (
            *bodies,
            rows.put(value),
            rows.put(rows.row, source=value),
            rows.put(rows.row, **{rows.name: value}),
        ):
            assert answer.status_code in (400, 422), (value, answer.content)
            assert answer.headers["content-type"] == "application/problem+json"
    for name in FOREIGN:
        for answer in (rows.put(rows.row | {name: 1}), rows.put(rows.row, **{name: 1})):
            assert answer.status_code == 400, (name, answer.content)
    assert every_row() == before


def test_numbers_where_none_is_meant(rows: Rows) -> None:
    for number in NUMBERS:
        for row in bent(rows.row, number):
            changed = {name for name, value in row.items() if value is number}
            expected = (200, 400, 422) if changed <= {"year_group", "cancelled"} else (400, 422)
            assert rows.put(row).status_code in expected, row


def test_rows_that_are_right_pass(rows: Rows) -> None:
    """Otherwise the other tests would prove nothing."""
    assert rows.put(rows.row).json()["created"] == 1


@pytest.mark.parametrize(
    "note", ["$secret", "$$ROOT", "{$gt: 1}", "a.b.$[]", "'; DROP TABLE lessons_lesson; --", "\u202e\U0001f600"]
)
def test_text_stays_text(note: str, lesson: Lesson, roster: list[int], teacher: User, office: User) -> None:
    with_ticket(teacher, lesson, roster).put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}", {"note": note})
    register = signed_in(office).post(f"/api/v1/lessons/{lesson.pk}/complete").json()
    assert [mark["note"] for mark in register["marks"]] == [note]


QUERIES = (
    *("lessons", "groups", "students", "enrolments", "planned-absences", "schools", "stats", "changes"),
    *("lessons/LESSON/register", "lessons/LESSON/register/amendments", "lessons/LESSON/absences"),
)
PARAMETERS = (
    *("date", "from", "to", "group", "teacher", "state", "with", "source", "external_id", "updated_since", "at"),
    *(
        "student",
        "after",
        "cursor",
        "page_size",
        "level",
        "basis",
        "school",
        "format",
        "$where",
        "__all__",
        "user__password",
    ),
)


TELLING = ('{"$gt": ""}', "\0")  # an address that reads a parameter refuses at least one of these
HOSTILE = (*TELLING, "٣", "1_0", "' OR 1=1 --", "9" * 400, "x" * 3000, "-1", "0001-01-01", "../../x")


@pytest.mark.parametrize("path", QUERIES)
def test_hostile_queries(path: str, lesson: Lesson, office: User) -> None:
    """Each parameter that an address reads gets every value by itself; those that it does not read get them
    together."""
    completion.complete(office, lesson.pk, now=timezone.now())
    api, path = signed_in(office), path.replace("LESSON", str(lesson.pk))

    def status(*names: str, value: str) -> int:
        return int(api.get(f"/api/v1/{path}", **dict.fromkeys(names, value)).status_code)

    read = [name for name in PARAMETERS if any(status(name, value=value) != 200 for value in TELLING)]
    unread = [name for name in PARAMETERS if name not in read]
    for value in HOSTILE:
        for name in read:
            assert status(name, value=value) in (200, 400, 404), (name, value)
        assert status(*unread, value=value) == 200, (unread, value)
    has_filters = "/" not in path and path != "stats"  # and refuses others
    assert status(*(f"{name}[$ne]" for name in PARAMETERS), value="1") == (400 if has_filters else 200)


@pytest.mark.parametrize(
    "body",
    [
        {"username": {"$gt": ""}, "password": "x"},
        {"username": "a\0", "password": "x"},
        {"username": "a", "password": "x", "school": {"$gt": 0}},
        {"username": "a", "password": "x", "is_staff": True},
        {"client_id": "x", "client_secret": {"$ne": ""}},
        {"client_id": "x", "client_secret": CLIENT_SECRET, "scopes": "amend"},
        {"refresh": {"$gt": ""}},
        {"refresh": "x", "jti": "y"},
    ],
)
@pytest.mark.parametrize("path", ["token", "token/refresh", "token/revoke"])
def test_hostile_credentials(body: JSON, path: str) -> None:
    ApiClientFactory.create(user__username="x")
    assert Api().post(f"/api/v1/{path}", body).status_code == 400
