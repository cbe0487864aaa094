"""What the office writes down, and how long it stays."""

from datetime import UTC, datetime, timedelta

import pytest

from lessons import expiring
from lessons.factories import ContactFactory, DeskEntryFactory, NoticeFactory, PlannedAbsenceFactory
from lessons.models import Contact, DeskEntry, Notice, PlannedAbsence

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MOMENT = timedelta(seconds=1)


def test_a_notice_goes_thirty_days_after_it_was_done() -> None:
    done = (NOW - timedelta(days=30), NOW - timedelta(days=30) + MOMENT, None)
    _gone, fresh, undone = (NoticeFactory.create(done_at=at) for at in done)
    assert expiring.count(NOW) == 1
    assert sum(expiring.forget(NOW)) == 1
    assert list(Notice.objects.order_by("pk")) == [fresh, undone]
    assert sum(expiring.forget(NOW)) == 0


def test_calls_the_front_desk_and_plans_stay() -> None:
    for factory in (ContactFactory, DeskEntryFactory, PlannedAbsenceFactory):
        factory.create()
    assert sum(expiring.forget(NOW + timedelta(days=5 * 365))) == 0
    assert all(model.objects.exists() for model in (Contact, DeskEntry, PlannedAbsence))
