"""A lesson is completed exactly once, and nobody is counted present unless somebody stated it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from absences.registers import completion, merging
from absences.registers.completion import Completed, Completion, Others
from absences.repair.reconcile import reconcile
from absences.reporting import service, tickets
from absences.reporting.tickets import Claims
from absences.store import mongo, transitions
from absences.store.reports import Report
from absences.tests.threads import at_once
from lessons.errors import Conflict, NotFound, StoreUnavailable
from lessons.factories import EnrolmentFactory, GroupFactory, LessonFactory, StudentFactory, person
from lessons.models import Lesson, LessonStaff, Mark, Membership, Register, RejectedReport, Role, School, User

pytestmark = pytest.mark.django_db(transaction=True)


def report(claims: Claims, lesson: Lesson, codes: dict[int, str], now: datetime) -> None:
    reports = [Report(student_id=student, code=code) for student, code in codes.items()]
    service.report(claims, lesson.pk, reports, now)


def test_twice_gives_the_same_register(teacher: User, lesson: Lesson, roster: list[int], now: datetime) -> None:
    first = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    again = completion.complete(teacher, lesson.pk, now=now + timedelta(minutes=1), roster_seen=[])
    assert (first.already_completed, again.already_completed) == (False, True)
    assert again.merged.state == first.merged.state
    assert again.merged.register.completed_at == now


def test_two_at_once_make_one_register(
    teacher: User, colleague: User, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    results: list[Completed] = []
    at_once(
        *(
            lambda user=user: results.append(completion.complete(user, lesson.pk, now=now, roster_seen=roster))
            for user in (teacher, colleague)
        )
    )
    assert sorted(each.already_completed for each in results) == [False, True]
    [first] = [each for each in results if not each.already_completed]
    assert {each.merged.register.by_name for each in results} == {first.merged.register.by_name}
    assert (Register.objects.count(), mongo.sheets().count_documents({})) == (1, 1)


def test_a_report_during_completion_is_late(
    teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report comes after the fence and before the merge."""
    really = merging.merge

    def with_a_report_just_before(sheets: Any) -> Any:
        [stored] = service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N")], now)
        assert stored.state == "late"
        return really(sheets)

    monkeypatch.setattr(merging, "merge", with_a_report_just_before)
    done = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert done.merged.state.counts["absent"] == 0
    reconcile(now)
    assert merging.existing(Lesson.objects.get()).state.marks[roster[0]].code == "N"


def test_who_joined_while_the_page_was_open_is_unstated(
    teacher: User, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    joined = EnrolmentFactory.create(group=lesson.group).student_id
    done = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert done.merged.register.unstated == [joined]
    assert done.merged.register.counts["attended"] == 4


def test_whose_report_is_rejected_is_unstated(
    teacher: User,
    colleague: User,
    claims: Claims,
    colleague_claims: Claims,
    lesson: Lesson,
    roster: list[int],
    now: datetime,
) -> None:
    report(colleague_claims, lesson, {roster[0]: "N"}, now)
    Membership.objects.filter(user=colleague).delete()
    done = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert done.merged.register.unstated == [roster[0]]
    assert [(row.student_id, row.reason) for row in done.merged.rejected] == [(roster[0], "not_permitted")]


def test_without_roster_seen_the_roster_of_the_moment_counts(
    teacher: User, lesson: Lesson, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the merge comes later, and a student has joined by then."""
    crash(monkeypatch, merging, "merge")
    with pytest.raises(Crash):
        completion.complete(teacher, lesson.pk, now=now)
    monkeypatch.undo()
    joined = EnrolmentFactory.create(group=lesson.group).student_id
    reconcile(now)
    assert Register.objects.get().unstated == [joined]


def test_others_unstated(teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> None:
    report(claims, lesson, {roster[0]: "N", roster[1]: "/"}, now)
    done = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster, others=Others.UNSTATED)
    assert done.merged.register.unstated == roster[2:]
    assert done.merged.register.counts["attended"] == 1


@pytest.mark.parametrize(("size", "absent"), [(0, 0), (1, 1), (60, 2), (30, 30)])
def test_classes_of_every_size(size: int, absent: int, teacher: User, school: School, now: datetime) -> None:
    lesson = LessonFactory.create(group=GroupFactory.create(school=school), students=size, taught_by=teacher)
    roster = list(lesson.group.enrolments.values_list("student", flat=True))
    if absent:
        report(tickets.claims_for(teacher, lesson, roster, now), lesson, dict.fromkeys(roster[:absent], "N"), now)
    counts = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster).merged.register.counts
    assert (counts["expected"], counts["attended"], counts["absent"]) == (size, size - absent, absent)
    assert Mark.objects.count() == absent


def test_reports_of_strangers_are_kept_with_the_reason(
    integrator: User, teacher: User, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    elsewhere = StudentFactory.create(school=lesson.school).pk
    foreign = StudentFactory.create().pk
    by = tickets.claims_for(integrator, lesson, [*roster, elsewhere, foreign, 2**62], now)
    report(by, lesson, {elsewhere: "N", foreign: "N", 2**62: "N", roster[0]: "I"}, now)
    done = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    reasons = {row.student_id: row.reason for row in RejectedReport.objects.all()}
    assert reasons == {elsewhere: "not_on_roster", foreign: "unknown_student", 2**62: "unknown_student"}
    assert done.merged.state.marks.keys() == {roster[0]}


def test_a_teachers_codes_are_the_schools_setting(
    teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    report(claims, lesson, {roster[0]: "I"}, now)
    done = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert [row.reason for row in done.merged.rejected] == ["not_permitted"]


class Crash(BaseException):
    """The process ends here."""


def crash(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    def end(*args: Any, **kwargs: Any) -> None:
        raise Crash

    monkeypatch.setattr(module, name, end)


@pytest.mark.parametrize(("module", "name"), [(merging, "merge"), (merging, "_register_row"), (transitions, "close")])
@pytest.mark.parametrize("finisher", ["the same request", "the reconciler"])
def test_a_crash_between_two_steps_is_finished(
    module: Any,
    name: str,
    finisher: str,
    teacher: User,
    claims: Claims,
    lesson: Lesson,
    roster: list[int],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report(claims, lesson, {roster[0]: "N"}, now)
    crash(monkeypatch, module, name)
    with pytest.raises(Crash):
        completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    monkeypatch.undo()
    if finisher == "the reconciler":
        reconcile(now)
    else:
        completion.complete(teacher, lesson.pk, now=now + timedelta(hours=1), roster_seen=roster)
    register, sheet = Register.objects.get(), mongo.sheets().find_one()
    assert sheet is not None
    assert (register.completed_at, register.counts) == (now, sheet["counts"])
    assert (sheet["state"], register.counts["absent"]) == ("closed", 1)


def test_a_lesson_cancelled_during_completion_keeps_its_reports(
    teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(claims, lesson, {roster[0]: "N"}, now)
    crash(monkeypatch, merging, "merge")
    with pytest.raises(Crash):
        completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    monkeypatch.undo()
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    reconcile(now)
    assert not Register.objects.exists()
    assert RejectedReport.objects.get().reason == "lesson_cancelled"
    assert not reconcile(now)


def test_cover_is_recorded(colleague: User, lesson: Lesson, roster: list[int], now: datetime) -> None:
    completion.complete(colleague, lesson.pk, now=now, roster_seen=roster)
    assert LessonStaff.objects.get(user=colleague).kind == "cover"
    assert Lesson.objects.for_user(colleague, now + timedelta(days=9)).exists(), "it stays theirs to see"


def test_who_may_complete(
    outsider: User, colleague: User, teacher: User, lesson: Lesson, school: School, now: datetime
) -> None:
    with pytest.raises(NotFound):
        completion.complete(outsider, lesson.pk, now=now)
    with pytest.raises(NotFound):
        completion.complete(person(None, Role.OPERATOR, "nation"), lesson.pk, now=now)
    School.objects.update(open_cover=False)
    with pytest.raises(NotFound):
        completion.complete(User.objects.get(pk=colleague.pk), lesson.pk, now=now)
    assert not mongo.sheets().count_documents({})


def test_not_yet_due_and_cancelled(teacher: User, lesson: Lesson, now: datetime) -> None:
    with pytest.raises(Conflict):
        completion.complete(teacher, lesson.pk, now=now - timedelta(hours=2))
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    with pytest.raises(Conflict):
        completion.complete(teacher, lesson.pk, now=now)
    assert not mongo.sheets().count_documents({})


@pytest.mark.parametrize(
    ("taken_at", "recorded"),
    [
        (datetime(2026, 9, 14, 9, 3).astimezone(), None),
        (datetime(1970, 1, 1).astimezone(), "opening"),
        (datetime(2099, 1, 1).astimezone(), "now"),
    ],
)
def test_a_devices_clock_is_kept_within_reason(
    taken_at: datetime, recorded: str | None, teacher: User, lesson: Lesson, roster: list[int]
) -> None:
    now = lesson.starts_at + timedelta(hours=5)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster, taken_at=taken_at)
    expected = {"opening": lesson.opens_at, "now": now, None: taken_at}[recorded]
    assert Register.objects.get().taken_at == expected


def test_a_batch_shares_its_statements(teacher: User, school: School, now: datetime) -> None:
    """Each lesson has a statement of its own to authorise it; everything else is shared."""

    def batch(size: int) -> int:
        lessons = [LessonFactory.create(group__school=school, students=5, taught_by=teacher) for _ in range(size)]
        completions = [Completion(user=teacher, lesson_id=each.pk, roster_seen=[]) for each in lessons]
        with CaptureQueriesContext(connection) as queries:
            done = completion.complete_all(completions, now=now)
        assert all(isinstance(each, Completed) for each in done)
        return len(queries)

    assert teacher.access.acting, "asked once"
    assert batch(8) - 8 == batch(1) - 1


def test_no_fence_no_register(
    mongodb_down: None, teacher: User, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    with pytest.raises(StoreUnavailable):
        completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert not Register.objects.exists()


def test_a_register_that_stands_needs_no_sheet(
    teacher: User, lesson: Lesson, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)

    def away(*args: Any) -> None:
        raise StoreUnavailable

    monkeypatch.setattr("absences.store.sheets.read", away)
    assert completion.complete(teacher, lesson.pk, now=now, roster_seen=roster).already_completed
