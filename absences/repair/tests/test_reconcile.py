"""The reconciler finishes what is left over, finds it by an index, and has nothing to do the second time."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from absences.registers import amendments, completion, merging
from absences.registers.amendments import Change
from absences.repair.reconcile import Done, reconcile
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import mongo, schema, transitions
from absences.store.reports import Report, Reporter
from absences.store.sheets import Key
from absences.tests.threads import at_once
from lessons.errors import StoreUnavailable
from lessons.factories import LessonFactory
from lessons.models import Amendment, Lesson, Register, User

pytestmark = pytest.mark.django_db(transaction=True)


def report(claims: Claims, lesson: Lesson, student: int, now: datetime, code: str = "N") -> None:
    service.report(claims, lesson.pk, [Report(student_id=student, code=code)], now)


@pytest.fixture
def closing_sheet(teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> Key:
    """A sheet that was fenced just before the process ended."""
    report(claims, lesson, roster[0], now)
    authorised = completion.authorise(teacher, lesson.pk, now)
    asked = completion.Completion(user=teacher, lesson_id=lesson.pk, roster_seen=roster)
    key = Key(lesson.school_id, lesson.pk)
    transitions.fence(key, lesson.date, completion._intent(asked, authorised, now), now)
    return key


def test_a_closing_sheet_is_finished(closing_sheet: Key, now: datetime) -> None:
    assert reconcile(now).closing == 1
    assert Register.objects.get().completed_at == now
    assert not reconcile(now)


def test_one_that_is_probably_still_running_is_left(closing_sheet: Key, now: datetime) -> None:
    assert not reconcile(now + timedelta(seconds=5), grace=timedelta(seconds=10))
    assert reconcile(now + timedelta(seconds=10), grace=timedelta(seconds=10)).closing == 1


def test_twice_at_once(closing_sheet: Key, claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> None:
    report(claims, lesson, roster[1], now)
    at_once(lambda: reconcile(now), lambda: reconcile(now))
    reconcile(now)
    assert (Register.objects.count(), Amendment.objects.count()) == (1, 1)
    assert not reconcile(now)


def test_a_projection_that_lags_is_repaired(
    teacher: User, office: User, lesson: Lesson, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> bool:
        raise StoreUnavailable("away")

    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    monkeypatch.setattr(transitions, "project", away)
    amendments.amend(office, lesson.pk, [Change(student_id=roster[0], code="I", reason="Ill")], now=now)
    monkeypatch.undo()
    assert reconcile(now).lagging == 1
    sheet = mongo.sheets().find_one()
    assert sheet is not None and (sheet["counts"]["authorised"], sheet["register_rev"]) == (1, 1)
    assert not reconcile(now)


def test_an_older_projection_never_overwrites_a_newer_one(
    teacher: User, office: User, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    done = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    amendments.amend(office, lesson.pk, [Change(student_id=roster[0], code="I", reason="Ill")], now=now)
    assert transitions.project(done.merged.lesson, done.merged.register, done.merged.state)
    sheet = mongo.sheets().find_one()
    assert sheet is not None and sheet["counts"]["authorised"] == 1


def test_orphans_are_moved_aside_after_48_hours(lesson: Lesson, now: datetime) -> None:
    by = Claims(Reporter(1, "Olive", "Office", "office"), lesson.school_id, frozenset("N"))
    report(by, Lesson(pk=lesson.pk + 99), 5, now)
    report(by, lesson, 5, now)
    assert reconcile(now + timedelta(hours=47)).orphans == 0
    assert reconcile(now + timedelta(hours=48)).orphans == 1
    orphan, kept = mongo.orphans().find_one(), mongo.sheets().find_one()
    assert orphan is not None and kept is not None
    assert (orphan["lesson"], orphan["absences"]["s5"]["code"]) == (lesson.pk + 99, "N")
    assert (kept["lesson"], "orphan_check_at" in kept) == (lesson.pk, False)
    assert not reconcile(now + timedelta(hours=49))


def test_a_foreign_lesson_is_an_orphan_and_never_merges(lesson: Lesson, roster: list[int], now: datetime) -> None:
    foreign = LessonFactory.create()
    by = Claims(Reporter(1, "Olive", "Office", "office"), lesson.school_id, frozenset("N"))
    report(by, foreign, roster[0], now)
    sheet = mongo.sheets().find_one()
    assert sheet and merging.merge([sheet]).merged == {}
    assert reconcile(now + timedelta(hours=48)).orphans == 1


def test_work_is_found_by_an_index(closing_sheet: Key, now: datetime) -> None:
    """The search is as small as the work: of a hundred sheets only the closing one is read."""
    by = Claims(Reporter(1, "Olive", "Office", "office"), closing_sheet.school_id, frozenset("N"))
    for lesson in range(100):
        report(by, Lesson(pk=10**6 + lesson), 5, now)
    for query, index, expected in (
        (schema.CLOSING | {"closing_at": {"$lte": now}, "_id": {"$gt": ""}}, "closing", 1),
        (schema.LATE | {"_id": {"$gt": ""}}, "late", 0),
        ({"orphan_check_at": {"$lte": now}}, "orphan_check", 0),
        ({"compact_at": {"$lte": now}, "late_pending": False}, "compact", 0),
    ):
        plan: Any = mongo.sheets().find(query).hint(index).explain()
        stats = plan["executionStats"]
        assert (stats["totalKeysExamined"] <= expected + 1, stats["totalDocsExamined"]) == (True, expected)


def test_the_command_says_what_it_did(closing_sheet: Key) -> None:
    out = StringIO()
    call_command("reconcile", stdout=out)
    assert json.loads(out.getvalue()) == asdict(Done(closing=1))


def test_the_command_without_its_store(mongodb_down: None) -> None:
    with pytest.raises(CommandError, match="cannot be reached"):
        call_command("reconcile")
