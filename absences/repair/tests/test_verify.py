"""`verify` finds every way in which a closed sheet and its register can differ, and nothing if they agree."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.repair.reconcile import reconcile
from absences.repair.verify import verify
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import mongo
from absences.store.reports import Report
from absences.store.scope import EVERYTHING, Scope
from absences.store.sheets import Key
from lessons.factories import LessonFactory
from lessons.models import Lesson, Register, User

pytestmark = pytest.mark.django_db(transaction=True)


def found(scope: Scope = EVERYTHING) -> list[str]:
    return sorted(difference.what for page in verify(scope) for difference in page.differences)


@pytest.fixture
def key(teacher: User, office: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> Key:
    """A register with a mark, a late report, an amendment and a student stated present, which agrees with its sheet."""
    for student, code in zip(roster, "N/", strict=False):
        service.report(claims, lesson.pk, [Report(student_id=student, code=code)], now)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    service.report(claims, lesson.pk, [Report(student_id=roster[2], code="L", minutes_late=5)], now)
    reconcile(now)
    amendments.amend(office, lesson.pk, [Change(student_id=roster[0], code="I", reason="Ill")], now=now)
    return Key(lesson.school_id, lesson.pk)


def test_nothing_differs(key: Key) -> None:
    assert [page.compared for page in verify(EVERYTHING)] == [1, 0]
    assert found() == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"marks": []}, ["marks"]),
        ({"counts.absent": 7}, ["counts"]),
        ({"unstated": [1]}, ["unstated"]),
        ({"roster": []}, ["roster"]),
        ({"register_rev": 1}, ["revision"]),
        ({"state": "closing"}, ["sheet not closed"]),
    ],
)
def test_a_sheet_that_differs(key: Key, change: dict[str, Any], expected: list[str]) -> None:
    mongo.sheets().update_one(key.filter, {"$set": change})
    assert found() == expected


@pytest.mark.parametrize("where", ["absences", "late"])
def test_a_report_that_is_not_in_sql(key: Key, where: str, roster: list[int]) -> None:
    sheet = mongo.sheets().find_one(key.filter)
    assert sheet is not None
    lost = {**next(iter(sheet["late"].values())), "student": roster[3], "report_id": uuid4()}
    mongo.sheets().update_one(key.filter, {"$set": {f"{where}.s{roster[3]}": lost}})
    assert found() == ["reports"]


def test_a_sheet_that_is_gone(key: Key) -> None:
    mongo.sheets().delete_one(key.filter)
    assert found() == ["sheet missing"]


def test_a_register_that_is_gone(key: Key, drop_record: Callable[[], None]) -> None:
    drop_record()
    assert found() == ["register missing"]


def test_a_cancelled_lesson_agrees(lesson: Lesson, claims: Claims, roster: list[int], now: datetime) -> None:
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N")], now)
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    reconcile(now)
    assert found() == []


def test_a_school_and_a_day(key: Key, lesson: Lesson) -> None:
    mongo.sheets().update_one(key.filter, {"$set": {"marks": []}})
    for scope in (Scope(key.school_id), Scope(key.school_id, lesson.date), Scope(day=lesson.date)):
        assert found(scope) == ["marks"]
    for scope in (Scope(key.school_id + 1), Scope(key.school_id, lesson.date + timedelta(days=1))):
        assert found(scope) == []


def test_the_command_says_so_and_fails(key: Key) -> None:
    out, err = StringIO(), StringIO()
    call_command("reconcile", verify=True, stdout=out, stderr=err)
    assert json.loads(out.getvalue()).items() >= {"compared": 1, "differences": 0}.items()
    mongo.sheets().update_one(key.filter, {"$set": {"marks": []}})
    with pytest.raises(CommandError) as failed:
        call_command("reconcile", verify=True, stdout=out, stderr=err)
    assert failed.value.returncode == 1
    assert f"{key} marks:" in err.getvalue()


def test_more_than_a_page(teacher: User, lesson: Lesson, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("absences.repair.verify.PAGE", 2)
    for each in (lesson, *(LessonFactory.create(group=lesson.group, taught_by=teacher) for _ in range(4))):
        completion.complete(teacher, each.pk, now=now)
    assert [page.compared for page in verify(EVERYTHING)] == [2, 2, 1, 0, 0, 0]
    assert Register.objects.count() == 5
