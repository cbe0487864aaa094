"""Weaknesses that reviews have found in the protocol, each with the input that showed it."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.repair.reconcile import reconcile
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import mongo, reports, transitions
from absences.store.documents import Intent
from absences.store.reports import Report, Reporter
from absences.store.sheets import Key
from absences.tests.api import due_today, with_ticket
from lessons.codes import NoCodeSet
from lessons.errors import Conflict, Unprocessable
from lessons.factories import LessonFactory
from lessons.models import Lesson, LessonStaff, Register, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("completed", [False, True])
def test_a_large_batch_that_is_sent_again_is_read_once(
    completed: bool,
    commands: list[str],
    teacher: User,
    lesson: Lesson,
    roster: list[int],
    now: datetime,
) -> None:
    """Otherwise it would never be finished in time, however often it was repeated."""
    office = Claims(Reporter(teacher.pk, "Olive", "Office", "office"), lesson.school_id, frozenset("N"))
    batch = [Report(student_id=student, code="N") for student in range(1, 201)]
    if completed:
        completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    first = service.report(office, lesson.pk, batch, now)
    commands.clear()
    again = service.report(office, lesson.pk, batch, now)
    assert [(each.state, each.mark["report_id"]) for each in again] == [
        (each.state, each.mark["report_id"]) for each in first
    ]
    assert commands == ["update", "find"]


def test_a_reused_id_in_a_batch_is_pointed_out(
    claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    used = uuid4()
    service.report(claims, lesson.pk, [Report(student_id=roster[1], code="N", report_id=used)], now)
    again = [Report(student_id=roster[0], code="N"), Report(student_id=roster[1], code="L", report_id=used)]
    with pytest.raises(Unprocessable) as refused:
        service.report(claims, lesson.pk, again, now)
    assert [error.pointer for error in refused.value.errors] == ["/absences/1/report_id"]


def test_nobody_fills_a_sheet(
    claims: Claims, teacher: User, lesson: Lesson, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet that cannot grow could not be closed either."""
    monkeypatch.setattr(reports, "MAX_REPORTS_A_SHEET", 3)
    monkeypatch.setattr(reports, "NOT_FULL", {"$not": {"$gte": 3}})
    report = [Report(student_id=student, code="N") for student in roster]
    service.report(claims, lesson.pk, report[:3], now)
    with pytest.raises(Conflict, match="full"):
        service.report(claims, lesson.pk, report[3:], now)
    assert service.report(claims, lesson.pk, report[:3], now), "what was acknowledged may be sent again"
    assert completion.complete(teacher, lesson.pk, now=now, roster_seen=roster).merged.state.counts["absent"] == 3


@pytest.mark.parametrize("code", [[], {}, None, 5])
def test_a_code_that_is_none_with_minutes(code: object, school: School, teacher: User) -> None:
    lesson = due_today(school, teacher)
    roster = list(lesson.group.enrolments.values_list("student", flat=True))
    path = f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}"
    assert with_ticket(teacher, lesson, roster).put(path, {"code": code, "minutes_late": 5}).status_code == 400


def test_a_second_orphan_of_a_lesson_overwrites_nothing(lesson: Lesson, now: datetime) -> None:
    by = Claims(Reporter(1, "Olive", "Office", "office"), lesson.school_id, frozenset("N"))
    for student, at in ((5, now), (6, now + timedelta(days=3))):
        service.report(by, lesson.pk + 99, [Report(student_id=student, code="N")], at)
        assert reconcile(at + timedelta(days=2)).orphans == 1
    kept = sorted(name for orphan in mongo.orphans().find() for name in orphan["absences"])
    assert kept == ["s5", "s6"]


def test_a_lesson_that_is_deleted_before_its_fence_leaves_an_orphan(
    lesson: Lesson, roster: list[int], now: datetime
) -> None:
    intent: Intent = {
        "id": uuid4(),
        "by": 1,
        "others": "present",
        "roster_seen": roster,
        "at": now,
        "source": "page",
    }
    transitions.fence(Key(lesson.school_id, lesson.pk + 99), lesson.date, intent, now)
    assert reconcile(now + timedelta(days=2)).orphans == 1
    assert not reconcile(now + timedelta(days=2))


def test_a_day_without_codes_is_refused_before_anything_is_written(
    teacher: User, lesson: Lesson, now: datetime
) -> None:
    Lesson.objects.update(date=date(2024, 6, 3))
    with pytest.raises(NoCodeSet):
        completion.complete(teacher, lesson.pk, now=now)
    assert not mongo.sheets().count_documents({})


def test_a_sheet_that_cannot_be_merged_stops_no_other(
    teacher: User, lesson: Lesson, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = LessonFactory.create(group=lesson.group, taught_by=teacher)
    with monkeypatch.context() as patch:
        patch.setattr(completion.merging, "merge", lambda sheets: 1 / 0)  # type: ignore[attr-defined]
        for each in (lesson, other):
            with pytest.raises(ZeroDivisionError):
                completion.complete(teacher, each.pk, now=now, roster_seen=roster)
    Lesson.objects.filter(pk=lesson.pk).update(date=date(2024, 6, 3))
    reconcile(now)
    assert [register.pk for register in Register.objects.all()] == [other.pk]


def test_who_was_slower_joins_nobodys_staff(
    teacher: User,
    colleague: User,
    lesson: Lesson,
    roster: list[int],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    really = transitions.fence

    def after_somebody_else(*args: Any) -> Any:
        monkeypatch.undo()
        completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
        return really(*args)

    monkeypatch.setattr(transitions, "fence", after_somebody_else)
    assert completion.complete(colleague, lesson.pk, now=now, roster_seen=roster).already_completed
    assert not LessonStaff.objects.filter(user=colleague).exists()


def test_one_student_is_amended_once_in_a_batch(
    teacher: User, office: User, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    twice = [Change(student_id=roster[0], code=code, reason="Heard") for code in "NI"]
    with pytest.raises(Unprocessable):
        amendments.amend(office, lesson.pk, twice, now=now)
