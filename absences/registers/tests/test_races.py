"""Races that row locks decide: SQLite has one writer at a time, so only PostgreSQL really runs them at once."""

from datetime import datetime

import pytest

from absences.registers import amendments, completion, late
from absences.registers.amendments import Change
from absences.registers.completion import Completion
from absences.repair.reconcile import reconcile
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import sheets
from absences.store.reports import Report
from absences.store.sheets import Key
from absences.tests.threads import at_once
from lessons.factories import LessonFactory
from lessons.models import Amendment, FeedCounter, Lesson, Register, School, User

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_amendments_are_two_revisions(
    teacher: User, office: User, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)

    def amend(user: User, student: int) -> None:
        amendments.amend(user, lesson.pk, [Change(student_id=student, code="N", reason="Not there")], now=now)

    at_once(lambda: amend(teacher, roster[0]), lambda: amend(office, roster[1]))
    assert sorted(Amendment.objects.values_list("rev", flat=True)) == [1, 2]
    assert (Register.objects.get().rev, FeedCounter.objects.get().last_number) == (2, 3)
    reconcile(now)
    assert Register.objects.get().projected_rev == 2


def test_two_reconcilers_and_a_late_report(
    teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    for student in roster[:3]:
        service.report(claims, lesson.pk, [Report(student_id=student, code="N")], now)
    at_once(lambda: reconcile(now), lambda: reconcile(now))
    assert Amendment.objects.count() == 3
    assert sorted(Amendment.objects.values_list("feed_number", flat=True)) == [2, 3, 4]


def test_batches_in_opposite_order_do_not_deadlock(teacher: User, school: School, now: datetime) -> None:
    made = [LessonFactory.create(group__school=school, students=2, taught_by=teacher) for _ in range(6)]
    completions = [Completion(user=teacher, lesson_id=each.pk, roster_seen=[]) for each in made]
    at_once(
        lambda: completion.complete_all(completions, now=now),
        lambda: completion.complete_all(completions[::-1], now=now),
    )
    assert Register.objects.count() == 6
    numbers = sorted(Register.objects.values_list("feed_number", flat=True))
    assert numbers == list(range(1, 7)), "the feed has no gaps"


def test_a_late_merge_that_read_long_ago_changes_nothing(
    teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    """A newer report of the same student was merged meanwhile, and the older one was never in the register."""
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    key = Key(lesson.school_id, lesson.pk)
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N")], now)
    read = sheets.read(key)
    assert read is not None
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="L", minutes_late=5)], now)
    reconcile(now)
    late.merge(read, read["late"].values(), is_all=True)
    assert [amendment.to_code for amendment in Amendment.objects.all()] == ["L"]
