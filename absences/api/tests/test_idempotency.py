"""Amendments and voids with an `Idempotency-Key` are made once, and get the same answer for a day."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from absences.registers import completion
from absences.repair.reconcile import reconcile
from absences.tests.api import Api, due_today, signed_in
from absences.tests.threads import at_once
from lessons.models import Amendment, KeptAnswer, Lesson, School, User

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "0f2c-first"


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher, students=2)


@pytest.fixture
def taken(lesson: Lesson, teacher: User) -> Lesson:
    completion.complete(teacher, lesson.pk, now=timezone.now())
    return lesson


@pytest.fixture
def olive(office: User) -> Api:
    return signed_in(office)


def send(api: Api, lesson: Lesson, body: Any, *, key: str | None = KEY, to: str = "amendments") -> Any:
    headers = {} if key is None else {"idempotency-key": key}
    path = f"/api/v1/lessons/{lesson.pk}/register/{to}"
    return api.client.post(path, body, content_type="application/json", headers=headers)


def change(student: int, **more: Any) -> dict[str, Any]:
    return {"student_id": student, "code": "I", "reason": "Mother rang", "expected_code": "/"} | more


def test_the_same_again_is_done_once(olive: Api, taken: Lesson, roster: list[int]) -> None:
    """Even though the code that it expects is no longer the current one."""
    first, again = (send(olive, taken, change(roster[0])) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert Amendment.objects.count() == 1


def test_a_list_and_a_void_too(olive: Api, taken: Lesson, roster: list[int]) -> None:
    body = {"amendments": [change(student) for student in roster]}
    assert send(olive, taken, body).json() == send(olive, taken, body).json()
    void = {"reason": "Wrong class"}
    first, again = (send(olive, taken, void, key="another", to="void") for _ in range(2))
    assert first.json() == again.json() and Amendment.objects.count() == 3


def test_twice_at_once(office: User, taken: Lesson, roster: list[int]) -> None:
    answers: list[Any] = []
    at_once(*[lambda: answers.append(send(signed_in(office), taken, change(roster[0])))] * 3)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Amendment.objects.count() == 1


def test_another_body_or_address_is_422(olive: Api, taken: Lesson, roster: list[int]) -> None:
    send(olive, taken, change(roster[0]))
    for answer in (
        send(olive, taken, change(roster[1])),
        send(olive, taken, {"reason": "Wrong class"}, to="void"),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "idempotency_key")
    assert Amendment.objects.count() == 1


def test_a_key_is_of_one_user(olive: Api, teacher: User, taken: Lesson, roster: list[int]) -> None:
    send(olive, taken, change(roster[0]))
    answer = send(signed_in(teacher), taken, change(roster[1], code="N"))
    assert (answer.status_code, "Idempotent-Replayed" in answer) == (201, False)


def test_what_was_refused_may_be_tried_again(olive: Api, taken: Lesson, roster: list[int]) -> None:
    assert send(olive, taken, change(roster[0], expected_code="N")).status_code == 409
    assert send(olive, taken, change(roster[0], code="Æ")).status_code == 422
    assert send(olive, taken, change(roster[0])).status_code == 201
    assert KeptAnswer.objects.count() == 1


def test_the_answer_is_kept_with_the_work_or_not_at_all(olive: Api, taken: Lesson, roster: list[int]) -> None:
    """If the commit fails, neither is kept."""
    with transaction.atomic():
        assert send(olive, taken, change(roster[0])).status_code == 201
        transaction.set_rollback(True)
    assert (Amendment.objects.count(), KeptAnswer.objects.count()) == (0, 0)


def test_for_a_day(olive: Api, taken: Lesson, roster: list[int]) -> None:
    send(olive, taken, change(roster[0], expected_code="/"))
    KeptAnswer.objects.update(made_at=timezone.now() - timedelta(hours=24))
    assert send(olive, taken, change(roster[0])).status_code == 409, "it is another request by now"
    send(olive, taken, change(roster[1]), key="old")
    assert reconcile(timezone.now()).expired == 1
    reconcile(timezone.now() + timedelta(hours=24))
    assert not KeptAnswer.objects.exists()


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\tb"])
def test_what_is_no_key_is_400(key: str, olive: Api, taken: Lesson, roster: list[int]) -> None:
    assert send(olive, taken, change(roster[0]), key=key).status_code == 400
    assert not Amendment.objects.exists()


def test_without_a_key_each_is_done(olive: Api, taken: Lesson, roster: list[int]) -> None:
    for _ in range(2):
        send(olive, taken, {"student_id": roster[0], "code": "I", "reason": "x"}, key=None)
    assert (Amendment.objects.count(), KeptAnswer.objects.count()) == (2, 0)
