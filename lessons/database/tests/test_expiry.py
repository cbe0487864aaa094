"""How long the office's entries are kept."""

from datetime import UTC, datetime, timedelta

import pytest

from lessons.database import expiry
from lessons.factories import ContactFactory, DeskEntryFactory, NoticeFactory, PlannedAbsenceFactory
from lessons.models import Contact, DeskEntry, Lesson, Notice, PlannedAbsence
from lessons.tests.registers import take

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MOMENT = timedelta(seconds=1)


def test_a_notice_goes_thirty_days_after_it_was_done() -> None:
    done = (NOW - timedelta(days=30), NOW - timedelta(days=30) + MOMENT, None)
    _gone, fresh, undone = (NoticeFactory.create(done_at=at) for at in done)
    assert expiry.count(NOW) == 1
    assert sum(expiry.forget(NOW)) == 1
    assert list(Notice.objects.order_by("pk")) == [fresh, undone]
    assert sum(expiry.forget(NOW)) == 0


@pytest.mark.parametrize("over", ["taken", "cancelled", "old"])
def test_a_reminder_goes_when_nobody_needs_it(over: str) -> None:
    gone, open_ = NoticeFactory.create_batch(2, reminder=True, made_at=NOW)
    told = NoticeFactory.create(lesson=gone.lesson)
    if over == "taken":
        take(gone.lesson)
    elif over == "cancelled":
        Lesson.objects.filter(pk=gone.lesson.pk).update(status=Lesson.Status.CANCELLED)
    else:
        Notice.objects.filter(pk=gone.pk).update(made_at=NOW - timedelta(days=30))
    assert expiry.count(NOW) == 1
    assert sum(expiry.forget(NOW)) == 1
    assert set(Notice.objects.all()) == {open_, told}


def test_calls_the_front_desk_and_plans_stay() -> None:
    for factory in (ContactFactory, DeskEntryFactory, PlannedAbsenceFactory):
        factory.create()
    assert sum(expiry.forget(NOW + timedelta(days=5 * 365))) == 0
    assert all(model.objects.exists() for model in (Contact, DeskEntry, PlannedAbsence))
