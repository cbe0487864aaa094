"""Old sheets are reduced to what statistics need, unless something still has to be merged."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from absences.registers import completion
from absences.repair.reconcile import reconcile, to_do
from absences.repair.verify import verify
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import mongo
from absences.store.documents import Sheet
from absences.store.reports import Report
from absences.store.scope import EVERYTHING, Scope
from absences.store.sheets import Key
from lessons.errors import StoreUnavailable
from lessons.models import Lesson, Register, RejectedReport, User

pytestmark = pytest.mark.django_db(transaction=True)

LATER = timedelta(days=35)


@pytest.fixture
def key(teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> Key:
    """A closed sheet with one absence."""
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N", device="phone", sequence=1)], now)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    return Key(lesson.school_id, lesson.pk)


def sheet() -> Sheet:
    found = mongo.sheets().find_one()
    assert found is not None
    return found


def test_after_35_days_only_what_statistics_need_is_left(key: Key, now: datetime) -> None:
    before = sheet()
    assert reconcile(now + LATER - timedelta(seconds=1)).compacted == 0
    assert reconcile(now + LATER).compacted == 1
    after = sheet()
    gone = {"absences", "log", "seen", "compact_at"}
    assert after == {name: value for name, value in before.items() if name not in gone} | {"compacted": True}
    assert not reconcile(now + LATER)


def test_a_compacted_sheet_still_agrees_with_its_register(key: Key, now: datetime) -> None:
    reconcile(now + LATER)
    assert not any(page.differences for page in verify(EVERYTHING))


def test_a_compacted_sheet_stays_closed(key: Key, claims: Claims, roster: list[int], now: datetime) -> None:
    """A report on it is late, and too late for a teacher."""
    reconcile(now + LATER)
    [stored] = service.report(claims, key.lesson_id, [Report(student_id=roster[1], code="N")], now + LATER)
    assert stored.state == "late"
    reconcile(now + LATER)
    assert RejectedReport.objects.get().reason == "too_late"


def test_what_is_not_merged_is_kept(
    key: Key, claims: Claims, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Late reports whose merge keeps failing, or that come between the search and the compaction."""
    service.report(claims, key.lesson_id, [Report(student_id=roster[1], code="N")], now)
    monkeypatch.setattr("absences.registers.late.merge_late", lambda *args: None)
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


def test_nothing_is_made_of_a_compacted_sheet(
    key: Key, teacher: User, roster: list[int], now: datetime, drop_record: Callable[[], None]
) -> None:
    """Its absences are gone, so everybody would be present."""
    reconcile(now + LATER)
    drop_record()
    with pytest.raises(StoreUnavailable):
        completion.complete(teacher, key.lesson_id, now=now + LATER, roster_seen=roster)
    assert not Register.objects.exists()
    out = StringIO()
    call_command("reconcile", after_restore="postgresql", stdout=out, stderr=StringIO())
    assert json.loads(out.getvalue())["restored"]["lost"] == 1
