"""Reporting by the API, with a ticket or a token and without SQL."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences.registers import completion
from absences.store import mongo
from absences.tests.api import Api, due_today, signed_in, with_ticket
from lessons.accounts import tokens
from lessons.factories import EnrolmentFactory, GroupFactory, LessonFactory, StudentFactory
from lessons.models import Lesson, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def alice(teacher: User, lesson: Lesson, roster: list[int]) -> Api:
    """A client that sends the teacher's ticket."""
    return with_ticket(teacher, lesson, roster)


def path(lesson: Lesson, student: object) -> str:
    return f"/api/v1/lessons/{lesson.pk}/absences/{student}"


def nothing_stored() -> bool:
    return mongo.sheets().count_documents({}) == 0


def test_put_answers_with_the_mark(alice: Api, teacher: User, lesson: Lesson, roster: list[int]) -> None:
    report_id = str(uuid4())
    response = alice.put(
        path(lesson, roster[0]), {"code": "L", "minutes_late": 5, "report_id": report_id, "note": "Bus"}
    )
    mark = response.json()
    assert (response.status_code, mark.pop("reported_at")[:10]) == (202, str(timezone.now().date()))
    assert mark == {
        "lesson_id": lesson.pk,
        "student_id": roster[0],
        "code": "L",
        "minutes_late": 5,
        "note": "Bus",
        "report_id": report_id,
        "reported_by": {"id": teacher.pk, "name": "Alice Lee", "position": "Teacher"},
        "state": "provisional",
    }


def test_a_bare_put_is_absent_without_a_reason(alice: Api, lesson: Lesson, roster: list[int]) -> None:
    assert alice.put(path(lesson, roster[0])).json()["code"] == "N"


def test_delete_is_explicitly_present(alice: Api, lesson: Lesson, roster: list[int]) -> None:
    response = alice.delete(f"{path(lesson, roster[0])}?device=phone&sequence=7&note=was+here&replaces=")
    assert (response.status_code, response.json()["code"], response.json()["note"]) == (202, "/", "was here")
    assert alice.delete(f"{path(lesson, roster[0])}?device=phone&sequence=6").json()["state"] == "superseded"


def test_post_takes_many(alice: Api, lesson: Lesson, roster: list[int]) -> None:
    body = {"absences": [{"student_id": roster[0]}, {"student_id": roster[1], "code": "L"}]}
    response = alice.post(f"/api/v1/lessons/{lesson.pk}/absences", body)
    assert (response.status_code, response.json()["accepted"]) == (202, 2)
    assert [mark["state"] for mark in response.json()["absences"]] == ["provisional", "provisional"]


def test_get_shows_what_the_sheet_holds(alice: Api, lesson: Lesson, roster: list[int]) -> None:
    empty = alice.get(f"/api/v1/lessons/{lesson.pk}/absences").json()
    assert empty == {"state": "open", "rev": 0, "absences": []}
    alice.put(path(lesson, roster[1]))
    held = alice.get(f"/api/v1/lessons/{lesson.pk}/absences").json()
    assert (held["rev"], [mark["student_id"] for mark in held["absences"]]) == (1, [roster[1]])


def test_after_completion_a_report_is_late(alice: Api, teacher: User, lesson: Lesson, roster: list[int]) -> None:
    completion.complete(teacher, lesson.pk, now=timezone.now())
    assert alice.put(path(lesson, roster[0])).json()["state"] == "late"
    held = alice.get(f"/api/v1/lessons/{lesson.pk}/absences").json()
    assert (held["state"], held["absences"][0]["state"]) == ("closed", "late")


def test_a_stale_replaces_is_409_with_the_standing_mark(
    alice: Api, colleague: User, lesson: Lesson, roster: list[int]
) -> None:
    with_ticket(colleague, lesson, roster).put(path(lesson, roster[0]), {"code": "L"})
    response = alice.put(path(lesson, roster[0]), {"replaces": None})
    assert (response.status_code, response.json()["mark"]["code"]) == (409, "L")
    assert response.json()["mark"]["reported_by"]["name"] == "Bob Nowak"
    many = alice.post(
        f"/api/v1/lessons/{lesson.pk}/absences",
        {"absences": [{"student_id": roster[0], "replaces": None}, {"student_id": roster[1]}]},
    ).json()
    assert (many["accepted"], [mark["state"] for mark in many["absences"]]) == (1, ["conflict", "provisional"])


def test_touches_no_sql(alice: Api, lesson: Lesson, roster: list[int]) -> None:
    """Not even a connection is made."""
    connections: list[object] = []
    connection.close()
    connection_created.connect(lambda **kwargs: connections.append(kwargs), weak=False, dispatch_uid="counted")
    try:
        with CaptureQueriesContext(connection) as queries:
            connections.clear()  # the one that counting opened
            connection.close()
            assert alice.put(path(lesson, roster[0])).status_code == 202
            assert alice.delete(path(lesson, roster[0])).status_code == 202
            assert alice.get(f"/api/v1/lessons/{lesson.pk}/absences").status_code == 200
            body = {"absences": [{"student_id": roster[1]}]}
            assert alice.post(f"/api/v1/lessons/{lesson.pk}/absences", body).status_code == 202
            assert connections == []
    finally:
        connection_created.disconnect(dispatch_uid="counted")
    assert len(queries) == 0


def test_whole_school_tokens_need_no_ticket(office: User, integrator: User, lesson: Lesson, roster: list[int]) -> None:
    for user in (office, integrator):
        assert signed_in(user).put(path(lesson, roster[0]), {"code": "I"}).status_code == 202
    assert signed_in(office).put("/api/v1/lessons/999999/absences/7").status_code == 202, "judged at completion"


def test_a_teachers_access_token_is_not_enough(teacher: User, lesson: Lesson, roster: list[int]) -> None:
    response = signed_in(teacher).put(path(lesson, roster[0]))
    assert response.status_code == 403
    assert "ticket" in response.json()["detail"]
    assert nothing_stored()


def test_another_schools_token_reaches_its_own_sheet_only(outsider: User, lesson: Lesson, roster: list[int]) -> None:
    outsider.memberships.update(role="office")
    assert signed_in(User.objects.get(pk=outsider.pk)).put(path(lesson, roster[0])).status_code == 202
    assert mongo.sheets().find_one({"school": lesson.school_id}) is None


def test_without_a_good_token(alice: Api, teacher: User, lesson: Lesson, roster: list[int]) -> None:
    now = timezone.now()
    expired = tokens.sign("ticket", {"sub": "1"}, now=now - timedelta(days=2), expires_at=now - timedelta(days=1))
    lacking = tokens.sign("ticket", {"sub": str(teacher.pk)}, now=now, expires_at=now + timedelta(days=1))
    for token in (None, "nonsense", expired, lacking, "é", "a.b.c"):
        response = Api(token).put(path(lesson, roster[0]))
        assert (response.status_code, response.headers["content-type"]) == (401, "application/problem+json")
    assert Api().client.put(path(lesson, roster[0]), headers={"authorization": "Basic eDp5"}).status_code == 401
    assert nothing_stored()


def test_a_ticket_of_another_lesson_is_404(alice: Api, teacher: User, school: School, lesson: Lesson) -> None:
    other = LessonFactory.create(group=lesson.group)
    assert alice.put(path(other, 1)).status_code == 404
    assert alice.get(f"/api/v1/lessons/{other.pk}/absences").status_code == 404


def test_a_student_off_the_roster_is_422(alice: Api, lesson: Lesson) -> None:
    of_another_group = EnrolmentFactory.create(group=GroupFactory.create(school=lesson.school)).student
    for stranger in (of_another_group, StudentFactory.create()):
        response = alice.put(path(lesson, stranger.pk))
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/student_id")
    assert nothing_stored()


@pytest.mark.parametrize(
    "student", ["1.$set", "$where", "-1", "0", "01", "1e3", str(2**63), "٣", "1%00", "abc", "1/2", "+1", "1.0", " 1"]
)
def test_malformed_students_are_404(student: str, alice: Api, lesson: Lesson) -> None:
    assert alice.put(path(lesson, student)).status_code == 404
    assert nothing_stored()


@pytest.mark.parametrize("student", ["1.$set", {"$gt": 0}, -1, 0, True, 1.0, 1e3, 2**63, "٣", None, [1]])
def test_malformed_students_in_a_body_are_400(student: Any, alice: Api, lesson: Lesson) -> None:
    response = alice.post(f"/api/v1/lessons/{lesson.pk}/absences", {"absences": [{"student_id": student}]})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/absences/0/student_id")
    assert nothing_stored()


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"code": "Æ"}, "/code", "unknown_code"),
        ({"code": "I"}, "/code", "unknown_code"),
        ({"code": {"$gt": ""}}, "/code", "not_a_string"),
        ({"code": None}, "/code", "null"),
        ({"minutes_late": 5}, "/minutes_late", "not_late"),
        ({"code": "N", "minutes_late": 5}, "/minutes_late", "not_late"),
        ({"code": "L", "minutes_late": 601}, "/minutes_late", "out_of_range"),
        ({"code": "L", "minutes_late": -1}, "/minutes_late", "out_of_range"),
        ({"code": "L", "minutes_late": True}, "/minutes_late", "out_of_range"),
        ({"code": "L", "minutes_late": "5"}, "/minutes_late", "out_of_range"),
        ({"note": "x" * 501}, "/note", "too_long"),
        ({"note": 7}, "/note", "not_a_string"),
        ({"report_id": "7"}, "/report_id", "not_a_uuid"),
        ({"report_id": 7}, "/report_id", "not_a_uuid"),
        ({"device": "phone"}, "/device", "without_sequence"),
        ({"sequence": 1}, "/sequence", "without_device"),
        ({"device": "a.$b", "sequence": 1}, "/device", "not_a_device"),
        ({"device": "x" * 37, "sequence": 1}, "/device", "not_a_device"),
        ({"device": "phone\n", "sequence": 1}, "/device", "not_a_device"),
        ({"device": "phone", "sequence": 2**53}, "/sequence", "out_of_range"),
        ({"device": "phone", "sequence": 1.5}, "/sequence", "out_of_range"),
        ({"replaces": "x"}, "/replaces", "not_a_uuid"),
        ({"reported_at": "yesterday"}, "/reported_at", "not_a_time"),
        ({"reported_at": "2026-09-14T09:00:00"}, "/reported_at", "not_a_time"),
        ({"reported_at": "0001-01-01T00:00:00+14:00"}, "/reported_at", "not_a_time"),
        ({"reported_at": "9999-12-31T23:59:59-14:00"}, "/reported_at", "not_a_time"),
        ({"school": 3}, "/school", "unknown_field"),
        ({"$set": {"state": "closed"}}, "/$set", "unknown_field"),
        ([], "", "not_an_object"),
        ("N", "", "not_an_object"),
    ],
)
def test_wrong_fields_are_400(
    body: Any, pointer: str, code: str, alice: Api, lesson: Lesson, roster: list[int]
) -> None:
    response = alice.put(path(lesson, roster[0]), json.dumps(body))
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    [error] = response.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert nothing_stored()


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "{'code': 'N'}",
        "[" * 10_000 + "]" * 10_000,
        '{"a":' * 33 + "1" + "}" * 33,
        '{"note": "\\u0000"}',
        '{"note": "\\ud800"}',
        '{"note": "\\udc00 \\ud800"}',
        '{"\\ud800": 1}',
        b'{"note": "\xff"}',
        '{"minutes_late": NaN}',
        '{"minutes_late": Infinity}',
        '{"code": "N", "code": "L"}',
        '{"sequence": ' + "9" * 5000 + "}",
    ],
)
def test_malformed_bodies_are_400(body: str | bytes, alice: Api, lesson: Lesson, roster: list[int]) -> None:
    response = alice.put(path(lesson, roster[0]), body)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert nothing_stored()


def test_one_bad_of_200_refuses_all(alice: Api, lesson: Lesson, roster: list[int]) -> None:
    absences = [{"student_id": 1000 + index} for index in range(200)]
    absences[3]["code"] = "wrong"  # type: ignore[assignment]
    response = alice.post(f"/api/v1/lessons/{lesson.pk}/absences", {"absences": absences})
    assert (response.status_code, [e["pointer"] for e in response.json()["errors"]]) == (400, ["/absences/3/code"])
    assert nothing_stored()


@pytest.mark.parametrize("count", [0, 201])
def test_too_few_and_too_many(count: int, alice: Api, lesson: Lesson) -> None:
    body = {"absences": [{"student_id": 1 + index} for index in range(count)]}
    assert alice.post(f"/api/v1/lessons/{lesson.pk}/absences", body).status_code == 400


def test_a_student_twice_in_one_request(alice: Api, lesson: Lesson, roster: list[int]) -> None:
    body = {"absences": [{"student_id": roster[0]}, {"student_id": roster[0], "code": "L"}]}
    response = alice.post(f"/api/v1/lessons/{lesson.pk}/absences", body)
    assert [error["code"] for error in response.json()["errors"]] == ["duplicate"]


def test_too_large_is_413(alice: Api, lesson: Lesson, roster: list[int]) -> None:
    response = alice.put(path(lesson, roster[0]), json.dumps({"note": "x" * 70_000}))
    assert (response.status_code, response.json()["title"]) == (413, "Request Entity Too Large")


def test_other_content_types_and_methods(alice: Api, lesson: Lesson, roster: list[int]) -> None:
    form = alice.client.put(path(lesson, roster[0]), "code=N", content_type="application/x-www-form-urlencoded")
    assert (form.status_code, alice.get(path(lesson, roster[0])).status_code) == (415, 405)


def test_store_down_is_503(mongodb_down: None, alice: Api, lesson: Lesson, roster: list[int]) -> None:
    response = alice.put(path(lesson, roster[0]))
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["instance"] == path(lesson, roster[0])
