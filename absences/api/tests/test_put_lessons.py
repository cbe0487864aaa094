"""Lessons that another system puts: taken ones, cancelled ones, and their staff."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from absences.api.tests.putting import LESSON, MIS, pointers, put
from absences.reporting import service
from absences.reporting.tickets import claims_for
from absences.store import mongo
from absences.store.reports import Report
from absences.tests.api import Api
from lessons.calendar import school_time
from lessons.factories import (
    LessonFactory,
    MembershipFactory,
    person,
)
from lessons.models import (
    Enrolment,
    Group,
    Lesson,
    LessonStaff,
    RejectedReport,
    Revocation,
    Role,
    School,
    User,
)
from lessons.tests.registers import take

pytestmark = pytest.mark.django_db


def test_a_lesson_that_was_taken(mis: Api, timetable: Group) -> None:
    put(mis, "lessons", LESSON)
    take(Lesson.objects.get())
    moved = put(mis, "lessons", LESSON | {"date": "2026-09-15", "status": "cancelled"})
    assert (moved.status_code, pointers(moved)) == (422, ["/lessons/0/date", "/lessons/0/status"])
    assert put(mis, "lessons", LESSON | {"room": "M9", "staff": [{"user": "t1"}]}).json()["updated"] == 1
    assert Lesson.objects.get().room == "M9"


def test_cancelling_rejects_what_was_reported(mis: Api, school: School, timetable: Group) -> None:
    now, alice = timezone.now(), User.objects.get(username="alice")
    lesson = LessonFactory.create(group=timetable, external_id="l1", students=1, taught_by=alice, **MIS)
    student = Enrolment.objects.get().student_id
    claims = claims_for(alice, lesson, [student], now)
    service.report(claims, lesson.pk, [Report(student_id=student, code="N")], now)
    assert put(mis, "lessons", LESSON | {"status": "cancelled"}).status_code == 200
    assert [report.reason for report in RejectedReport.objects.all()] == ["lesson_cancelled"]
    revived = put(mis, "lessons", LESSON | {"status": "scheduled"})
    assert (revived.status_code, pointers(revived)) == (422, ["/lessons/0/status"])
    assert put(mis, "lessons", LESSON | {"room": "M9"}).json()["updated"] == 1, "left out, it stays cancelled"


def test_staff_is_replaced_but_for_who_came_as_cover(mis: Api, school: School, timetable: Group) -> None:
    MembershipFactory.create(school=school, external_id="t2", **MIS)
    put(mis, "lessons", LESSON | {"staff": [{"user": "t1"}]})
    lesson, cover = Lesson.objects.get(), person(school, Role.TEACHER, "carol")
    LessonStaff.objects.create(school=school, lesson=lesson, user=cover, kind="cover")
    with time_machine.travel(timedelta(seconds=1), tick=False):
        assert put(mis, "lessons", LESSON | {"staff": [{"user": "t2", "kind": "assistant"}]}).json()["updated"] == 1
    assert sorted(lesson.staff.values_list("kind", flat=True)) == ["assistant", "cover"]
    assert Lesson.objects.get().updated_at > lesson.updated_at


def test_who_is_taken_off_a_lesson_is_told_of_at_once(mis: Api, school: School, timetable: Group) -> None:
    today = {"date": school_time.local_date(school.time_zone, timezone.now()).isoformat()}
    put(mis, "lessons", LESSON | today | {"staff": [{"user": "t1"}]})
    assert put(mis, "lessons", LESSON | today | {"staff": []}).json()["updated"] == 1
    lesson, user = Lesson.objects.get(), User.objects.get(username="alice")
    assert [each["_id"] for each in mongo.revocations().find()] == [f"user {user.pk} lesson {lesson.pk}"]
    assert not Revocation.objects.exists()
