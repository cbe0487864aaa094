"""Completing, reading, amending and voiding a register by the API."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences.registers import completion
from absences.reporting import service, tickets
from absences.store import mongo
from absences.store.reports import Report
from absences.tests.api import Api, due_today, signed_in, with_ticket
from lessons.factories import person
from lessons.models import Lesson, Register, Role, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def taken(lesson: Lesson, teacher: User, roster: list[int]) -> Lesson:
    """Two absent of four."""
    claims = tickets.claims_for(teacher, lesson, roster, timezone.now())
    service.report(claims, lesson.pk, [Report(student_id=pk, code="N") for pk in roster[:2]], timezone.now())
    completion.complete(teacher, lesson.pk, now=timezone.now(), roster_seen=roster)
    return lesson


@pytest.fixture
def alice(teacher: User) -> Api:
    return signed_in(teacher)


def url(lesson: Lesson, rest: str) -> str:
    return f"/api/v1/lessons/{lesson.pk}/{rest}"


def test_completing_answers_with_the_register(
    alice: Api, teacher: User, office: User, lesson: Lesson, roster: list[int]
) -> None:
    with_ticket(teacher, lesson, roster).put(url(lesson, f"absences/{roster[0]}"))
    first = alice.post(url(lesson, "complete"), {"roster_seen": roster})
    register = first.json()
    assert (first.status_code, register["already_completed"], register["roster"]) == (200, False, roster)
    assert register["counts"]["attended"] == 3
    assert [(mark["student_id"], mark["code"]) for mark in register["marks"]] == [(roster[0], "N")]
    assert register["completed_by"] == {"id": teacher.pk, "name": "Alice Lee", "position": "Teacher"}
    again = signed_in(office).post(url(lesson, "complete"))
    assert (again.status_code, again.json()) == (200, register | {"already_completed": True})


def test_who_may_not_complete(integrator: User, outsider: User, lesson: Lesson, roster: list[int]) -> None:
    assert signed_in(outsider).post(url(lesson, "complete")).status_code == 404
    assert Api().post(url(lesson, "complete")).status_code == 401
    assert Api("nonsense").post(url(lesson, "complete")).status_code == 401
    assert signed_in(integrator).post(url(lesson, "complete")).status_code == 200


def test_a_ticket_does_not_complete(teacher: User, lesson: Lesson, roster: list[int]) -> None:
    assert with_ticket(teacher, lesson, roster).post(url(lesson, "complete")).status_code == 401


def test_a_dismissed_teacher_completes_nothing(alice: Api, teacher: User, lesson: Lesson) -> None:
    teacher.memberships.all().delete()
    assert alice.post(url(lesson, "complete")).status_code == 401
    User.objects.filter(pk=teacher.pk).update(is_active=False)
    assert alice.post(url(lesson, "complete")).status_code == 401
    assert not Register.objects.exists()


def test_not_due_and_cancelled_are_409(alice: Api, lesson: Lesson) -> None:
    Lesson.objects.update(starts_at=timezone.now() + timedelta(hours=3))
    assert alice.post(url(lesson, "complete")).status_code == 409
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    assert alice.post(url(lesson, "complete")).status_code == 409


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"others": "absent"}, "/others"),
        ({"roster_seen": "all"}, "/roster_seen"),
        ({"roster_seen": [0]}, "/roster_seen/0"),
        ({"roster_seen": [2**63]}, "/roster_seen/0"),
        ({"taken_at": "nine"}, "/taken_at"),
        ({"request_id": "1"}, "/request_id"),
        ([], ""),
    ],
)
def test_a_wrong_body_is_400(body: Any, pointer: str, alice: Api, lesson: Lesson) -> None:
    response = alice.post(url(lesson, "complete"), "[]" if body == [] else body)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, pointer)
    assert mongo.sheets().count_documents({}) == 0


@pytest.mark.parametrize("size", [5, 60])
def test_completing_costs_at_most_twelve_statements(size: int, school: School, teacher: User, alice: Api) -> None:
    lesson = due_today(school, teacher, students=size)
    students = list(lesson.group.enrolments.values_list("student", flat=True))
    claims = tickets.claims_for(teacher, lesson, students, timezone.now())
    service.report(claims, lesson.pk, [Report(student_id=pk, code="N") for pk in students[: size // 2]], timezone.now())
    with CaptureQueriesContext(connection) as queries:
        assert alice.post(url(lesson, "complete"), {"roster_seen": students}).status_code == 200
    statements = [query["sql"] for query in queries if query["sql"] not in ("BEGIN", "BEGIN IMMEDIATE", "COMMIT")]
    assert len(statements) <= 12, "\n".join(statements)


def test_the_register_as_it_stands_and_as_it_stood(alice: Api, office: User, taken: Lesson, roster: list[int]) -> None:
    before = timezone.now()
    change = {"student_id": roster[0], "code": "I", "reason": "Mother rang."}
    with time_machine.travel(timedelta(seconds=1), tick=False):
        assert signed_in(office).post(url(taken, "register/amendments"), change).status_code == 201
    now = alice.get(url(taken, "register")).json()
    assert [(mark["code"], mark["amended"]) for mark in now["marks"]] == [("I", True), ("N", False)]
    then = alice.get(url(taken, "register"), at=before.isoformat()).json()
    assert [mark["code"] for mark in then["marks"]] == ["N", "N"]
    assert alice.get(url(taken, "register"), at="2020-01-01T00:00:00Z").status_code == 404
    assert alice.get(url(taken, "register"), at="then").status_code == 400


def test_no_register_until_completed(alice: Api, outsider: User, lesson: Lesson) -> None:
    for rest in ("register", "register/amendments"):
        assert alice.get(url(lesson, rest)).status_code == 404
    assert alice.post(url(lesson, "register/void"), {"reason": "x"}).status_code == 404


def test_an_amendment_keeps_the_first_entry(alice: Api, teacher: User, taken: Lesson, roster: list[int]) -> None:
    change = {"student_id": roster[0], "code": "L", "minutes_late": 9, "reason": "Was in the library"}
    made = alice.post(url(taken, "register/amendments"), change | {"expected_code": "N"})
    assert made.status_code == 201
    assert made.json()["by"] == {"id": teacher.pk, "name": "Alice Lee", "position": "Teacher"}
    [entry] = alice.get(url(taken, "register/amendments")).json()["results"]
    assert entry == made.json()
    assert (entry["kind"], entry["from_code"], entry["to_code"], entry["to_minutes_late"]) == (
        "correction",
        "N",
        "L",
        9,
    )


def test_several_amendments_are_all_or_none(alice: Api, taken: Lesson, roster: list[int]) -> None:
    good = {"student_id": roster[0], "code": "/", "reason": "Was there"}
    bad = {"student_id": 2**62, "code": "N", "reason": "Who?"}
    refused = alice.post(url(taken, "register/amendments"), {"amendments": [good, bad]})
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/amendments/1/student_id"]
    assert alice.get(url(taken, "register/amendments")).json()["results"] == []
    made = alice.post(url(taken, "register/amendments"), {"amendments": [good]})
    assert (made.status_code, len(made.json()["amendments"])) == (201, 1)


def test_a_stale_expectation_is_409_with_the_present_mark(alice: Api, taken: Lesson, roster: list[int]) -> None:
    change = {"student_id": roster[0], "code": "L", "reason": "Late", "expected_code": "/"}
    response = alice.post(url(taken, "register/amendments"), change)
    assert (response.status_code, response.json()["mark"]) == (409, {"student_id": roster[0], "code": "N"})


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"reason": ""}, 400, "/reason"),
        ({"reason": "   "}, 400, "/reason"),
        ({"reason": None}, 400, "/reason"),
        ({"code": "I"}, 422, "/code"),
        ({"code": "QQQ"}, 400, "/code"),
        ({"minutes_late": 5}, 422, "/minutes_late"),
        ({"student_id": "1.$set"}, 400, "/student_id"),
    ],
)
def test_a_wrong_amendment(
    change: dict[str, Any], status: int, pointer: str, alice: Api, taken: Lesson, roster: list[int]
) -> None:
    body = {"student_id": roster[0], "code": "/", "reason": "Was there"} | change
    response = alice.post(url(taken, "register/amendments"), body)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (status, pointer)


def test_a_voided_register_is_given_again(alice: Api, taken: Lesson, roster: list[int]) -> None:
    assert alice.post(url(taken, "register/void"), {"reason": "Wrong class"}).status_code == 201
    void = alice.get(url(taken, "register")).json()
    assert (void["unstated"], void["marks"], void["counts"]["possible"]) == (roster, [], 0)
    changes = [{"student_id": pk, "code": "/", "reason": "Again"} for pk in roster]
    assert alice.post(url(taken, "register/amendments"), {"amendments": changes}).status_code == 201
    again = alice.get(url(taken, "register")).json()
    assert (again["unstated"], again["counts"]["attended"]) == ([], 4)
    assert mongo.sheets().find_one()["counts"] == again["counts"]  # type: ignore[index]


def test_who_may_amend(
    integrator: User, colleague: User, outsider: User, office: User, taken: Lesson, roster: list[int]
) -> None:
    change = {"student_id": roster[0], "code": "/", "reason": "Was there"}
    path = url(taken, "register/amendments")
    assert signed_in(integrator).post(path, change).status_code == 403
    assert signed_in(outsider).post(path, change).status_code == 404
    assert signed_in(colleague).post(path, change).status_code == 403, "seen as today's, but not Bob's"
    assert signed_in(office).post(path, change).status_code == 201


def test_a_teachers_window(alice: Api, taken: Lesson, roster: list[int], school: School) -> None:
    yesterday = taken.date - timedelta(days=1)
    Lesson.objects.update(date=yesterday)
    change = {"student_id": roster[0], "code": "/", "reason": "Was there"}
    assert alice.post(url(taken, "register/amendments"), change).status_code == 403
    School.objects.update(amendment_window=1)
    assert alice.post(url(taken, "register/amendments"), change).status_code == 201


def test_an_amendment_is_kept_while_the_store_is_down(
    alice: Api, taken: Lesson, roster: list[int], mongodb_down: None
) -> None:
    change = {"student_id": roster[0], "code": "/", "reason": "Was there"}
    assert alice.post(url(taken, "register/amendments"), change).status_code == 201
    assert Register.objects.lagging().get().projected_rev == 0


def test_store_down_while_completing(alice: Api, lesson: Lesson, mongodb_down: None) -> None:
    response = alice.post(url(lesson, "complete"))
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


def test_an_operator_sees_no_register(taken: Lesson) -> None:

    operator = signed_in(person(None, Role.OPERATOR, "nation"))
    assert operator.get(url(taken, "register")).status_code == 404
