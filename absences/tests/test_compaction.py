"""Old sheets keep what statistics need, and nothing that is still to be merged."""

from datetime import datetime, timedelta

import pytest

from absences import completion, mongo, reporting
from absences.mongo import Document
from absences.reconcile import reconcile, to_do
from absences.reporting import Report
from absences.scope import EVERYTHING, Scope
from absences.sheets import Key
from absences.tickets import Claims
from absences.verify import verify
from lessons.models import Lesson, RejectedReport, User

pytestmark = pytest.mark.django_db(transaction=True)

LATER = timedelta(days=35)


@pytest.fixture
def key(teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> Key:
    """Closed, with one absent."""
    reporting.report(claims, lesson.pk, [Report(student_id=roster[0], code="N", device="phone", sequence=1)], now)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    return Key(lesson.school_id, lesson.pk)


def sheet() -> Document:
    found = mongo.sheets().find_one()
    assert found is not None
    return found


def test_after_35_days_only_what_statistics_need_is_left(key: Key, now: datetime) -> None:
    before = sheet()
    assert reconcile(now + LATER - timedelta(seconds=1)).compacted == 0
    assert reconcile(now + LATER).compacted == 1
    after = sheet()
    gone = {"absences", "log", "seen", "intent", "closing_at", "compact_at"}
    assert after == {name: value for name, value in before.items() if name not in gone}
    assert not reconcile(now + LATER)


def test_a_compacted_sheet_still_agrees_with_its_register(key: Key, now: datetime) -> None:
    reconcile(now + LATER)
    assert not any(page.differences for page in verify(EVERYTHING))


def test_a_compacted_sheet_stays_closed(key: Key, claims: Claims, roster: list[int], now: datetime) -> None:
    """What is reported on it is late, and too late for a teacher."""
    reconcile(now + LATER)
    [stored] = reporting.report(claims, key.lesson_id, [Report(student_id=roster[1], code="N")], now + LATER)
    assert stored.state == "late"
    reconcile(now + LATER)
    assert RejectedReport.objects.get().reason == "too_late"


def test_what_is_not_merged_is_kept(
    key: Key, claims: Claims, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late merge that fails again and again, or one that comes between looking and compacting."""
    reporting.report(claims, key.lesson_id, [Report(student_id=roster[1], code="N")], now)
    monkeypatch.setattr("absences.late.merge_late", lambda *args: None)
    assert reconcile(now + LATER).compacted == 0
    assert "late" in sheet()


def test_a_dry_run_says_how_much_there_is_to_do(key: Key, now: datetime) -> None:
    before = sheet()
    assert to_do(now + LATER).compacted == 1
    assert to_do(now + LATER, scope=Scope(key.school_id)).compacted == 1
    assert to_do(now + LATER, scope=Scope(key.school_id + 1)).compacted == 0
    assert to_do(now + LATER, scope=Scope(day=(now + timedelta(days=1)).date())).compacted == 0
    assert sheet() == before


def test_another_schools_are_left(key: Key, now: datetime) -> None:
    assert reconcile(now + LATER, scope=Scope(key.school_id + 1)).compacted == 0
    assert reconcile(now + LATER, scope=Scope(key.school_id, now.date())).compacted == 1
