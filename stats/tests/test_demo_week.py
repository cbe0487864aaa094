"""The demo week, with registers taken as in use, counted by MongoDB and by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from absences.registers import amendments
from absences.registers.amendments import Change
from absences.repair.reconcile import reconcile
from absences.reporting import service, tickets
from absences.store.reports import Report
from dev.demo.update import update
from lessons.models import Lesson, Register, User
from stats import parameters, queries
from stats.queries import Answer
from stats.tests.counting import SUMS, by_hand

pytestmark = [pytest.mark.django_db, pytest.mark.longest]

EVENING = datetime(2026, 9, 14, 17, 30, tzinfo=ZoneInfo("Europe/London"))
WEEK = {"from": "2026-09-08", "to": "2026-09-14"}


@pytest.fixture
def office() -> User:
    update(EVENING)
    return User.objects.get(username="office")


def ask(user: User, **query: str) -> Answer:
    return queries.answer(parameters.read(user, WEEK | query, timezone.now()), EVENING)


def agree(office: User) -> None:
    """Checks every group of the school, the school, and the nation."""
    registers = Register.objects.prefetch_related("marks", "amendments")
    groups = ask(office)
    assert {row["id"] for row in groups.results} == set(
        registers.filter(school=school(office)).values_list("group", flat=True)
    )
    for row in groups.results:
        assert figures(row) == by_hand(registers.filter(group=row["id"])), row["name"]
    for user in (office, User.objects.get(username="operator")):
        for row in ask(user, level="school").results:
            assert figures(row) == by_hand(registers.filter(school=row["id"])), row["name"]


def figures(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in SUMS}


def school(user: User) -> int:
    [only] = user.access.schools()
    return only


def correct(office: User) -> None:
    """Changes three registers: one is amended, one is voided and taken again in part, one gets late reports."""
    taken = Register.objects.filter(school=school(office), date="2026-09-14").order_by("pk")
    amended, voided, late = taken[:3]
    changes = [Change(student_id=pk, code="I", reason="A note came") for pk in amended.roster[:3]]
    amendments.amend(office, amended.pk, changes, now=EVENING)
    amendments.void(office, voided.pk, "The wrong class", now=EVENING)
    changes = [Change(student_id=pk, code="/", reason="Asked again") for pk in voided.roster[:5]]
    amendments.amend(office, voided.pk, changes, now=EVENING)
    claims = tickets.claims_for(office, Lesson.objects.get(pk=late.pk), late.roster, EVENING)
    service.report(claims, late.pk, [Report(student_id=pk, code="U") for pk in late.roster[:2]], EVENING)
    reconcile(EVENING)


def covered(office: User) -> None:
    """Checks the number of registers taken, of the lessons that have begun."""
    due = [lesson for lesson in Lesson.objects.filter(school=school(office)) if lesson.starts_at <= EVENING]
    answer = ask(office)
    assert (answer.completed, answer.due) == (answer.total["registers"], len(due))
    assert answer.completed < answer.due, "the demo leaves some out"


def test_both_counts_agree(office: User) -> None:
    """In one test, because a week takes seconds to make."""
    assert Register.objects.count() > 450
    covered(office)
    agree(office)
    before = ask(office).total
    correct(office)
    assert ask(office).total != before
    agree(office)
