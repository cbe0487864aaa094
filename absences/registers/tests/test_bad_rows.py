"""No report and no deleted student makes a completion fail for ever."""

from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError

from absences.registers import completion, merging
from absences.repair.reconcile import reconcile
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store.reports import Report
from lessons.errors import StoreUnavailable
from lessons.models import Enrolment, Lesson, Register, Student, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reported(claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> list[int]:
    """The students who were reported absent, two of them."""
    reports = [Report(student_id=student, code="N") for student in roster[:2]]
    service.report(claims, lesson.pk, reports, now)
    return roster[:2]


def test_a_student_who_is_deleted_during_the_merge(
    reported: list[int],
    teacher: User,
    lesson: Lesson,
    roster: list[int],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same request finishes, and the report about the deleted student is kept as rejected."""
    really, first = merging._insert, [True]

    def gone_just_before(drafts: Any) -> Any:
        if first:
            first.clear()
            raise IntegrityError("a foreign key points to nobody")
        return really(drafts)

    monkeypatch.setattr(merging, "_insert", gone_just_before)
    merge = merging.merge

    def merge_after_the_deletion(sheets: Any) -> Any:
        if not first:
            Enrolment.objects.filter(student=reported[0]).delete()
            Student.objects.filter(pk=reported[0]).delete()
        return merge(sheets)

    monkeypatch.setattr(merging, "merge", merge_after_the_deletion)
    done = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert [(row.student_id, row.reason) for row in done.merged.rejected] == [(reported[0], "unknown_student")]
    assert list(done.merged.state.marks) == [reported[1]]


def test_a_register_that_sql_refuses(
    reported: list[int],
    teacher: User,
    lesson: Lesson,
    roster: list[int],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer is 503: nothing is lost, and the reconciler keeps trying."""

    def refused(*args: Any) -> None:
        raise IntegrityError("as SQL would")

    monkeypatch.setattr(merging, "_register_row", refused)
    with pytest.raises(StoreUnavailable):
        completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    monkeypatch.undo()
    assert reconcile(now).closing == 1
    assert Register.objects.get().counts["absent"] == 2
