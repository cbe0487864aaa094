"""A store went back in time, and what the other one still has is brought back."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.repair.reconcile import reconcile
from absences.repair.verify import verify
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import mongo
from absences.store.documents import Sheet
from absences.store.reports import Report
from absences.store.scope import EVERYTHING
from absences.store.sheets import Key
from lessons.database import installing, rules
from lessons.factories import StudentFactory
from lessons.models import Amendment, Lesson, Mark, Register, RejectedReport, Student, User
from lessons.registers.state import state_of

pytestmark = pytest.mark.django_db(transaction=True)


def report(claims: Claims, lesson: Lesson, student: int, code: str, now: datetime, **more: Any) -> str:
    [stored] = service.report(claims, lesson.pk, [Report(student_id=student, code=code, **more)], now)
    return stored.state


def restore(store: str) -> dict[str, Any]:
    out = StringIO()
    call_command("reconcile", after_restore=store, stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())["restored"]  # type: ignore[no-any-return]


def codes() -> dict[int, str | None]:
    register = Register.objects.get()
    stood = state_of(register, nation="england")
    return {student: stood.code_of(student) for student in stood.roster}


def agrees() -> bool:
    return not any(page.differences for page in verify(EVERYTHING))


@pytest.fixture
def taken(teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> Register:
    """A register with one absence and one late report."""
    report(claims, lesson, roster[0], "N", now)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    report(claims, lesson, roster[1], "N", now)
    reconcile(now)
    return Register.objects.get()


def test_postgresql_without_the_register(
    taken: Register, office: User, roster: list[int], now: datetime, drop_record: Callable[[], None]
) -> None:
    amendments.amend(office, taken.pk, [Change(student_id=roster[2], code="I", reason="Ill")], now=now)
    before = codes()
    drop_record()
    done = restore("postgresql")
    assert (done["registers"], done["late"], done["corrections"], done["lost"]) == (1, 1, 1, 0)
    assert codes() == before
    register = Register.objects.get()
    assert (register.completed_at, register.by_name) == (taken.completed_at, taken.by_name)
    assert "are lost" in Amendment.objects.get(kind="correction").reason
    assert agrees()
    assert restore("postgresql")["corrections"] == 0


@pytest.mark.parametrize(("said", "arrived"), [(1, 2), (1, 20), (5, 20)])
def test_postgresql_without_an_amendment_beside_a_late_report(
    said: int,
    arrived: int,
    teacher: User,
    office: User,
    claims: Claims,
    lesson: Lesson,
    roster: list[int],
    now: datetime,
    drop_record: Callable[[], None],
) -> None:
    """The sheet shows which of the two came last, so that is not decided again."""

    def after(seconds: int) -> datetime:
        return now + timedelta(seconds=seconds)

    def amend() -> None:
        change = Change(student_id=roster[0], code="I", reason="Ill")
        amendments.amend(office, lesson.pk, [change], now=after(3))

    def say() -> None:
        report(claims, lesson, roster[0], "N", after(arrived), reported_at=after(said))

    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    for happens in (say, amend) if arrived < 3 else (amend, say):
        happens()
    reconcile(after(30))
    before = codes()
    assert before[roster[0]] == ("N" if said > 3 else "I")
    drop_record()
    restore("postgresql")
    assert codes() == before
    assert agrees()
    assert not any(restore("postgresql").values())


@pytest.mark.parametrize("amended", [False, True])
@pytest.mark.parametrize("arrives", ["before", "after"])
def test_postgresql_and_what_was_said_after_what_was_lost(
    arrives: str,
    amended: bool,
    taken: Register,
    office: User,
    claims: Claims,
    roster: list[int],
    now: datetime,
    drop_record: Callable[[], None],
) -> None:
    """Recovered amendments are not dated at the time of the restore."""
    said = now + timedelta(minutes=1)
    if amended:
        change = Change(student_id=roster[1], code="I", reason="Ill")
        amendments.amend(office, taken.pk, [change], now=now + timedelta(seconds=1))
    drop_record()
    for step in ("before", "restore", "after"):
        if step == "restore":
            restore("postgresql")
        elif step == arrives:
            report(claims, taken.lesson, roster[1], "L", said)
    reconcile(said)
    assert codes()[roster[1]] == "L"
    assert agrees()


def test_postgresql_without_a_withdrawal(
    taken: Register, office: User, roster: list[int], now: datetime, drop_record: Callable[[], None]
) -> None:
    amendments.void(office, taken.pk, "Wrong class", now=now)
    amendments.amend(office, taken.pk, [Change(student_id=roster[2], code="I", reason="Ill")], now=now)
    before = codes()
    drop_record()
    restore("postgresql")
    assert codes() == before == {student: "I" if student == roster[2] else None for student in roster}
    assert agrees()


def test_postgresql_gives_no_number_twice(taken: Register, drop_record: Callable[[], None]) -> None:
    last = StudentFactory.create(school=taken.school).pk
    Student.objects.filter(pk=last).delete()
    drop_record()
    restore("postgresql")
    assert StudentFactory.create(school=taken.school).pk > last + 999_999
    assert Register.objects.get().feed_number > 999_999


def test_a_lesson_that_sql_has_no_more(taken: Register, drop_record: Callable[[], None]) -> None:
    drop_record()
    Lesson.objects.all().delete()
    assert restore("postgresql")["lost"] == 1


def test_mongodb_without_the_sheet(taken: Register, roster: list[int]) -> None:
    mongo.sheets().delete_many({})
    before = codes()
    assert restore("mongodb")["sheets"] == 1
    assert codes() == before
    assert agrees()
    assert restore("mongodb")["sheets"] == 0


@pytest.fixture
def before_completion(
    teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> tuple[Sheet, Register]:
    """The sheet as it was when a student was marked absent. Then she was marked present, and the register was taken."""
    report(claims, lesson, roster[0], "N", now)
    sheet = mongo.sheets().find_one()
    assert sheet is not None
    report(claims, lesson, roster[0], "/", now + timedelta(seconds=1))
    completion.complete(teacher, lesson.pk, now=now + timedelta(seconds=2), roster_seen=roster)
    return sheet, Register.objects.get()


def test_mongodb_with_an_older_sheet(
    before_completion: tuple[Sheet, Register], claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    """The reports of the older sheet were judged when the register was taken; those made since are late."""
    sheet, _ = before_completion
    mongo.sheets().replace_one({"_id": sheet["_id"]}, sheet)
    assert report(claims, lesson, roster[1], "N", now + timedelta(minutes=1)) == "provisional"
    restore("mongodb")
    assert codes() == {student: "N" if student == roster[1] else "/" for student in roster}
    assert Amendment.objects.get().kind == "late_report"
    assert agrees()
    assert restore("mongodb")["sheets"] == 0


def test_a_fresh_sheet_beside_a_register_is_taken_in(
    taken: Register, teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    """Nobody has to ask for it: completing the lesson again merges what was reported since."""
    mongo.sheets().delete_many({})
    assert report(claims, lesson, roster[2], "N", now + timedelta(minutes=1)) == "provisional"
    again = completion.complete(teacher, lesson.pk, now=now + timedelta(minutes=2), roster_seen=roster)
    assert again.already_completed
    assert codes()[roster[2]] == "N"
    reconcile(now)
    assert agrees()


def test_a_fresh_sheet_of_the_same_revision_loses_nothing(
    taken: Register, teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    """By revisions alone it would seem to be merged already."""
    mongo.sheets().delete_many({})
    report(claims, lesson, roster[3], "N", now + timedelta(minutes=1))
    sheet = mongo.sheets().find_one()
    assert sheet is not None and sheet["rev"] == taken.merged_rev
    completion.complete(teacher, lesson.pk, now=now + timedelta(minutes=2), roster_seen=roster)
    assert codes()[roster[3]] == "N"


def test_an_older_sheet_sounds_the_alarm(
    before_completion: tuple[Sheet, Register],
    teacher: User,
    roster: list[int],
    now: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody has said that a store went back in time, so the sheet is left alone."""
    sheet, register = before_completion
    mongo.sheets().replace_one({"_id": sheet["_id"]}, sheet)
    completion.complete(teacher, register.pk, now=now + timedelta(minutes=2), roster_seen=roster)
    assert "made from another state of its sheet" in caplog.text
    assert not Amendment.objects.exists()
    assert reconcile(now + timedelta(hours=1)).closing == 1
    restore("mongodb")
    assert agrees()
    assert not reconcile(now + timedelta(hours=1))


def test_the_runbook_is_printed(taken: Register) -> None:
    err = StringIO()
    call_command("reconcile", after_restore="mongodb", stdout=StringIO(), stderr=err)
    assert "mongo_setup" in err.getvalue()


def test_rejected_reports_come_back_once(
    taken: Register, integrator: User, claims: Claims, lesson: Lesson, now: datetime, drop_record: Callable[[], None]
) -> None:
    drop_record()
    restore("postgresql")
    restore("postgresql")
    assert (Mark.objects.count(), Amendment.objects.count(), RejectedReport.objects.count()) == (1, 1, 0)
    assert Key(lesson.school_id, lesson.pk).filter["lesson"] == taken.pk


def test_a_cancellation_that_sql_has_no_more(
    lesson: Lesson, claims: Claims, roster: list[int], now: datetime, drop_record: Callable[[], None]
) -> None:
    """A person has to cancel the lesson again; no register is made from a sheet that was closed by the cancellation."""
    report(claims, lesson, roster[0], "N", now)
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    reconcile(now)
    drop_record()
    with connection.cursor() as cursor:
        for item in (each for rule in rules.cancellations() for each in rule.installables(connection.vendor)):
            cursor.execute(item.drop)
    Lesson.objects.update(status=Lesson.Status.SCHEDULED, settled=False)
    installing.install(connection)
    assert restore("postgresql")["lost"] == 1
    assert not Register.objects.exists()
