"""The commands sent to MongoDB: every command of the protocol uses majority and names the shard key."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.repair.reconcile import reconcile
from absences.repair.verify import verify
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import marks, sheets
from absences.store.reports import Report
from absences.store.scope import EVERYTHING
from absences.store.sheets import Key
from absences.tests.commands import LISTENER
from lessons.models import Lesson, User

pytestmark = pytest.mark.django_db(transaction=True)

WRITES = frozenset({"insert", "update", "delete", "findAndModify"})


@pytest.fixture
def sent(
    commands: list[str],
    teacher: User,
    office: User,
    claims: Claims,
    colleague_claims: Claims,
    lesson: Lesson,
    roster: list[int],
    now: datetime,
) -> list[dict[str, Any]]:
    """Returns the commands of a lesson's whole life."""
    report = Report(student_id=roster[0], code="N", device="phone", sequence=2)
    service.report(claims, lesson.pk, [report], now)
    service.report(claims, lesson.pk, [report], now)
    service.report(colleague_claims, lesson.pk, [Report(student_id=roster[0], code="L", replaces=None)], now)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    service.report(claims, lesson.pk, [Report(student_id=roster[1], code="N")], now)
    reconcile(now)
    amendments.amend(office, lesson.pk, [Change(student_id=roster[0], code="I", reason="Ill")], now=now)
    sheets.read(Key(lesson.school_id, lesson.pk))
    marks.count_by_lesson(lesson.school_id, [lesson.pk])
    list(verify(EVERYTHING))
    reconcile(now + timedelta(days=36))
    return list(LISTENER.sent)


def test_every_write_waits_for_a_majority_and_its_journal(sent: list[dict[str, Any]]) -> None:
    writes = [command for command in sent if WRITES & command.keys()]
    assert len(writes) > 6
    assert all(command["writeConcern"] == {"w": "majority", "j": True} for command in writes)


def test_every_read_is_of_what_a_majority_holds(sent: list[dict[str, Any]]) -> None:
    reads = [command for command in sent if {"find", "aggregate"} & command.keys()]
    assert len(reads) > 6
    assert all(command["readConcern"]["level"] == "majority" for command in reads)


def test_every_write_names_the_shard_key(sent: list[dict[str, Any]]) -> None:
    """So each write goes to one shard."""
    filters = [update["q"] for command in sent for update in command.get("updates", ())]
    filters += [command["query"] for command in sent if "findAndModify" in command]
    assert filters
    assert all({"_id", "school", "lesson"} <= each.keys() for each in filters)
