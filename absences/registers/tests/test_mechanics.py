"""A whole completion by the functions alone, with what each store holds after each step."""

from datetime import datetime, timedelta

import pytest

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.repair.reconcile import reconcile
from absences.reporting import service, tickets
from absences.reporting.tickets import Claims
from absences.store import mongo
from absences.store.documents import Sheet
from absences.store.reports import Report
from lessons.factories import GroupFactory, LessonFactory
from lessons.models import Amendment, FeedCounter, Lesson, Mark, Register, RejectedReport, Student, User

pytestmark = pytest.mark.django_db(transaction=True)


def sheet_of(lesson: Lesson) -> Sheet:
    sheet = mongo.sheets().find_one({"_id": f"{lesson.school_id}:{lesson.pk}"})
    assert sheet is not None
    return sheet


def test_a_lesson_from_report_to_amendment(
    teacher: User, office: User, lesson: Lesson, roster: list[int], claims: Claims, now: datetime
) -> None:
    ava, ben, *_ = roster

    stored = service.report(
        claims, lesson.pk, [Report(student_id=ava, code="N"), Report(student_id=ben, code="N")], now
    )
    assert [each.state for each in stored] == ["provisional", "provisional"]
    assert Register.objects.count() == Mark.objects.count() == 0
    assert mongo.sheets().count_documents({}) == 1
    sheet = sheet_of(lesson)
    assert (sheet["state"], sheet["rev"], sorted(sheet["absences"])) == ("open", 2, [f"s{ava}", f"s{ben}"])
    assert [entry["student"] for entry in sheet["log"]] == [ava, ben]

    done = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert not done.already_completed
    register = Register.objects.get()
    assert (register.lesson_id, register.roster, register.unstated) == (lesson.pk, roster, [])
    assert (register.by_name, register.completed_at, register.feed_number) == ("Alice Lee", now, 1)
    assert register.counts == {
        "expected": 4,
        "unstated": 0,
        "possible": 4,
        "attended": 2,
        "absent": 2,
        "late": 0,
        "authorised": 0,
        "unauthorised": 2,
        "not_possible": 0,
    }
    assert list(Mark.objects.values_list("student_id", "code")) == [(ava, "N"), (ben, "N")]
    sheet = sheet_of(lesson)
    assert (sheet["state"], sheet["counts"], sheet["roster"]) == ("closed", register.counts, roster)
    assert sheet["date"].date() == lesson.date

    late = service.report(
        claims, lesson.pk, [Report(student_id=ava, code="L", minutes_late=12)], now + timedelta(minutes=7)
    )
    assert late[0].state == "late"
    assert Amendment.objects.count() == 0
    reconcile(now)
    arrival = Amendment.objects.get()
    assert (arrival.kind, arrival.student_id, arrival.from_code, arrival.to_code) == ("arrival", ava, "N", "L")
    assert sheet_of(lesson)["counts"]["late"] == 1
    assert sheet_of(lesson)["late_pending"] is False

    amendments.amend(
        office, lesson.pk, [Change(student_id=ben, code="I", reason="Mother rang.")], now=now + timedelta(hours=1)
    )
    sheet = sheet_of(lesson)
    assert (sheet["counts"]["authorised"], sheet["counts"]["unauthorised"]) == (1, 0)
    register.refresh_from_db()
    assert (register.rev, register.projected_rev) == (2, 2)
    assert register.counts["unauthorised"] == 2, "the register itself is never rewritten"
    assert list(Mark.objects.values_list("code", flat=True)) == ["N", "N"]
    assert FeedCounter.objects.get().last_number == 3
    assert not RejectedReport.objects.exists()
    assert not reconcile(now), "there is nothing left to do"


def test_thirty_with_two_absent_are_three_rows_and_one_document(teacher: User, now: datetime) -> None:
    group = GroupFactory.create(school=teacher.memberships.get().school)
    lesson = LessonFactory.create(group=group, students=30, taught_by=teacher)
    roster = list(Student.objects.enrolled(group.pk, lesson.date).values_list("pk", flat=True))
    claims = tickets.claims_for(teacher, lesson, roster, now)
    service.report(claims, lesson.pk, [Report(student_id=pk, code="N") for pk in roster[:2]], now)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert (Register.objects.count(), Mark.objects.count(), mongo.sheets().count_documents({})) == (1, 2, 1)
    assert sheet_of(lesson)["counts"]["attended"] == 28
