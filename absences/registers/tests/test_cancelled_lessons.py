"""A cancelled lesson gets no register, and every report on it, earlier or later, is kept as rejected."""

from datetime import datetime, timedelta

import pytest

from absences.registers import closing, completion, merging
from absences.repair.reconcile import reconcile
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import mongo, transitions
from absences.store.documents import Sheet
from absences.store.reports import Report
from lessons.errors import Conflict, StoreUnavailable
from lessons.models import Lesson, Register, RejectedReport, User

pytestmark = pytest.mark.django_db(transaction=True)


def report(claims: Claims, lesson: Lesson, student: int, now: datetime) -> str:
    [stored] = service.report(claims, lesson.pk, [Report(student_id=student, code="N")], now)
    return stored.state


def rejected() -> list[tuple[int, str]]:
    return sorted(RejectedReport.objects.values_list("student_id", "reason"))


@pytest.fixture
def cancelled(lesson: Lesson, claims: Claims, roster: list[int], now: datetime) -> Lesson:
    """A lesson that was cancelled after one student was reported."""
    report(claims, lesson, roster[0], now)
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    return Lesson.objects.select_related("school").get()


def test_cancelling_rejects_what_was_reported(cancelled: Lesson, roster: list[int], now: datetime) -> None:
    closing.cancel([cancelled], now)
    assert rejected() == [(roster[0], "lesson_cancelled")]
    assert Lesson.objects.get().settled
    sheet = mongo.sheets().find_one()
    assert sheet is not None and (sheet["state"], sheet["cancelled"]) == ("closed", True)


def test_cancelling_twice_changes_nothing(cancelled: Lesson, now: datetime) -> None:
    closing.cancel([cancelled], now)
    closing.cancel([cancelled], now)
    assert RejectedReport.objects.count() == 1


def test_what_is_reported_later_is_rejected_too(
    cancelled: Lesson, claims: Claims, roster: list[int], now: datetime
) -> None:
    closing.cancel([cancelled], now)
    assert report(claims, cancelled, roster[1], now) == "late"
    reconcile(now)
    assert rejected() == [(student, "lesson_cancelled") for student in roster[:2]]
    assert not reconcile(now)


def test_the_reconciler_closes_its_sheet(cancelled: Lesson, claims: Claims, roster: list[int], now: datetime) -> None:
    assert reconcile(now).cancelled == 1
    assert rejected() == [(roster[0], "lesson_cancelled")]
    assert not reconcile(now)


def test_a_lesson_that_nobody_reported_on_is_fenced_all_the_same(
    lesson: Lesson, claims: Claims, roster: list[int], now: datetime
) -> None:
    """A page with its register may still be open."""
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    reconcile(now)
    assert report(claims, lesson, roster[0], now) == "late"
    reconcile(now)
    assert rejected() == [(roster[0], "lesson_cancelled")]


def test_a_store_that_is_away_leaves_it_to_the_reconciler(
    cancelled: Lesson, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(transitions, "fence", away)
    with pytest.raises(StoreUnavailable):
        closing.cancel([cancelled], now)
    monkeypatch.undo()
    assert not Lesson.objects.get().settled
    assert reconcile(now).cancelled == 1
    assert RejectedReport.objects.count() == 1


def test_cancelled_between_fence_and_merge(
    teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person who completed it is told, and nothing is lost."""
    report(claims, lesson, roster[0], now)
    really = merging.merge

    def cancelled_just_before(sheets: list[Sheet]) -> merging.Result:
        Lesson.objects.update(status=Lesson.Status.CANCELLED)
        return really(sheets)

    monkeypatch.setattr(merging, "merge", cancelled_just_before)
    with pytest.raises(Conflict):
        completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert not Register.objects.exists()
    assert rejected() == [(roster[0], "lesson_cancelled")]
    assert Lesson.objects.get().settled


def test_a_lesson_that_is_a_day_away_may_be_scheduled_again(
    cancelled: Lesson, claims: Claims, roster: list[int], teacher: User, now: datetime
) -> None:
    """Somebody has cancelled the wrong lesson."""
    assert reconcile(cancelled.starts_at - timedelta(days=1, seconds=1)).cancelled == 0
    Lesson.objects.update(status=Lesson.Status.SCHEDULED)
    done = completion.complete(teacher, cancelled.pk, now=now, roster_seen=roster)
    assert list(done.merged.state.marks) == [roster[0]]


def test_scheduled_again_while_its_sheet_was_closed(
    cancelled: Lesson,
    claims: Claims,
    roster: list[int],
    teacher: User,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between its fence and its merge. Reports that came meanwhile are merged late."""
    really = merging.merge

    def scheduled_just_before(sheets: list[Sheet]) -> merging.Result:
        assert report(claims, cancelled, roster[1], now) == "late"
        Lesson.objects.update(status=Lesson.Status.SCHEDULED)
        monkeypatch.undo()
        return really(sheets)

    monkeypatch.setattr(merging, "merge", scheduled_just_before)
    closing.cancel([cancelled], now)
    assert not RejectedReport.objects.exists()
    assert report(claims, cancelled, roster[2], now) == "provisional"
    completion.complete(teacher, cancelled.pk, now=now, roster_seen=roster)
    reconcile(now)
    stood = merging.existing(Lesson.objects.select_related("school", "register").get()).state
    assert sorted(stood.marks) == roster[:3]
