"""A teacher may put back a mark that was there before, even one with a code that only the office may give."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from absences.registers import amendments, completion, late
from absences.registers.amendments import Change
from absences.reporting import service, tickets
from absences.reporting.tickets import Claims
from absences.store.reports import Report, Reporter, mark_of
from absences.store.sheets import Key
from absences.taking import day_pack
from absences.tests.api import due_today
from absences.tests.pages import browser
from lessons.models import Amendment, Lesson, Mark, Register, RejectedReport, School, Student, User

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)


@pytest.fixture
def ava(students: list[Student]) -> Student:
    return students[0]


def report(claims: Claims, lesson: Lesson, student: Student, code: str, now: datetime, **more: Any) -> None:
    service.report(claims, lesson.pk, [Report(student_id=student.pk, code=code, **more)], now)


@pytest.fixture
def of_today(school: School, teacher: User, office: User) -> tuple[Lesson, list[Student]]:
    """The office has reported that the first student is at the doctor's."""
    lesson, now = due_today(school, teacher), timezone.now()
    students = lesson.enrolled()
    claims = tickets.claims_for(office, lesson, [each.pk for each in students], now)
    report(claims, lesson, students[0], "M", now)
    return lesson, students


def test_a_page_may_say_what_stood_of_that_pupil_alone(teacher: User, of_today: tuple[Lesson, list[Student]]) -> None:
    lesson, (ava, ben, *_) = of_today
    content = browser(teacher).get(f"/lessons/{lesson.pk}/").content.decode()
    found = re.search(r'"ticket": "([^"]+)"', content)
    assert found
    claims = tickets.verify(found[1], timezone.now())
    assert "M" not in claims.codes
    assert {"M", "/", "N"} <= claims.codes_for(ava.pk)
    assert "I" not in claims.codes_for(ava.pk)
    assert claims.codes_for(ben.pk) == claims.codes


def test_a_device_of_ones_own_may_too(school: School, teacher: User, of_today: tuple[Lesson, list[Student]]) -> None:
    now = timezone.now()
    [kept] = day_pack.of(teacher, [school], now, sid="").sent(now)["lessons"]
    assert "M" in tickets.verify(kept["ticket"], now).codes_for(of_today[1][0].pk)


@pytest.fixture
def opened(office: User, teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime) -> Claims:
    """The teacher's claims, after the office has reported that Ava is at the doctor's."""
    report(tickets.claims_for(office, lesson, roster, now), lesson, ava, "M", now)
    return tickets.claims_for(teacher, lesson, roster, now)


def test_it_stands_in_the_register(
    opened: Claims, teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime
) -> None:
    report(opened, lesson, ava, "/", now + 2 * SECOND)
    report(opened, lesson, ava, "M", now + 3 * SECOND)
    completion.complete(teacher, lesson.pk, now=now + 4 * SECOND, roster_seen=roster)
    assert list(Mark.objects.values_list("student_id", "code", "by_id")) == [(ava.pk, "M", teacher.pk)]
    assert not RejectedReport.objects.exists()


def test_it_stands_where_it_came_late(
    opened: Claims, teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime
) -> None:
    report(opened, lesson, ava, "/", now + 2 * SECOND)
    completion.complete(teacher, lesson.pk, now=now + 3 * SECOND, roster_seen=roster)
    report(opened, lesson, ava, "M", now + 4 * SECOND)
    late.merge_late(Key(lesson.school_id, lesson.pk), now + 5 * SECOND)
    assert list(Amendment.objects.values_list("student_id", "from_code", "to_code")) == [(ava.pk, "/", "M")]
    assert not RejectedReport.objects.exists()


@pytest.mark.parametrize("said", [(), ("/",), ("I",)])
def test_a_code_that_nobody_gave_her_is_rejected(
    office: User, teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime, said: tuple[str, ...]
) -> None:
    """Whatever a ticket says: a ticket alone puts nothing into the record."""
    for code in said:
        report(tickets.claims_for(office, lesson, roster, now), lesson, ava, code, now)
    report(tickets.claims_for(teacher, lesson, roster, now), lesson, ava, "M", now + SECOND)
    completion.complete(teacher, lesson.pk, now=now + 2 * SECOND, roster_seen=roster)
    assert [row.reason for row in RejectedReport.objects.all()] == [RejectedReport.Reason.NOT_PERMITTED]
    assert not Mark.objects.exists()
    assert Register.objects.get().unstated == [ava.pk]


def test_only_who_may_say_it_of_her_vouches_for_her(
    office: User, teacher: User, colleague: User, lesson: Lesson, students: list[Student], now: datetime
) -> None:
    """Neither a teacher's earlier report counts, nor what the office reported of another student."""
    ava, ben = students[:2]
    roster = [each.pk for each in students]
    report(tickets.claims_for(office, lesson, roster, now), lesson, ben, "M", now)
    for turn, user in enumerate((colleague, teacher)):
        report(tickets.claims_for(user, lesson, roster, now), lesson, ava, "M", now + turn * SECOND)
    completion.complete(teacher, lesson.pk, now=now + 2 * SECOND, roster_seen=roster)
    assert [row.reason for row in RejectedReport.objects.all()] == [RejectedReport.Reason.NOT_PERMITTED]
    assert list(Mark.objects.values_list("student_id", flat=True)) == [ben.pk]


def test_what_the_office_took_back_is_not_put_back(
    opened: Claims, office: User, teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime
) -> None:
    """Even by a page that has shown it."""
    report(tickets.claims_for(office, lesson, roster, now), lesson, ava, "N", now + SECOND)
    report(opened, lesson, ava, "M", now + 2 * SECOND)
    completion.complete(teacher, lesson.pk, now=now + 3 * SECOND, roster_seen=roster)
    assert [row.reason for row in RejectedReport.objects.all()] == [RejectedReport.Reason.NOT_PERMITTED]


def test_nor_what_was_corrected_in_the_register(
    opened: Claims, office: User, teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime
) -> None:
    completion.complete(teacher, lesson.pk, now=now + SECOND, roster_seen=roster)
    change = Change(student_id=ava.pk, code="N", reason="She was not there")
    amendments.amend(office, lesson.pk, [change], now=now + 2 * SECOND, source="page")
    report(opened, lesson, ava, "M", now + 3 * SECOND)
    late.merge_late(Key(lesson.school_id, lesson.pk), now + 4 * SECOND)
    assert [row.reason for row in RejectedReport.objects.all()] == [RejectedReport.Reason.NOT_PERMITTED]
    assert [each.to_code for each in Amendment.objects.all()] == ["N"]


def test_nor_what_was_said_before_that_and_came_after(
    office: User, teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime
) -> None:
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    change = Change(student_id=ava.pk, code="N", reason="She was not there")
    amendments.amend(office, lesson.pk, [change], now=now + 2 * SECOND)
    by_office = tickets.claims_for(office, lesson, roster, now)
    report(by_office, lesson, ava, "M", now + 3 * SECOND, reported_at=now + SECOND)
    report(tickets.claims_for(teacher, lesson, roster, now), lesson, ava, "M", now + 4 * SECOND)
    late.merge_late(Key(lesson.school_id, lesson.pk), now + 5 * SECOND)
    assert [row.reason for row in RejectedReport.objects.all()] == [RejectedReport.Reason.NOT_PERMITTED]
    assert [each.to_code for each in Amendment.objects.all()] == ["N"]


def test_who_has_left_vouches_for_nobody(
    opened: Claims, office: User, teacher: User, lesson: Lesson, roster: list[int], ava: Student, now: datetime
) -> None:
    office.memberships.all().delete()
    report(opened, lesson, ava, "/", now + SECOND)
    report(opened, lesson, ava, "M", now + 2 * SECOND)
    completion.complete(teacher, lesson.pk, now=now + 3 * SECOND, roster_seen=roster)
    assert [row.reason for row in RejectedReport.objects.all()] == [RejectedReport.Reason.NOT_PERMITTED]


@pytest.mark.parametrize("size", [30, 300, 600])
def test_a_ticket_is_never_longer_than_our_doors_take(school: School, teacher: User, size: int) -> None:
    lesson, now = due_today(school, teacher), timezone.now()
    roster = [30_000_000 + number for number in range(size)]
    said, by = Report(student_id=roster[0], code="M"), Reporter(teacher.pk, teacher.name, "Teacher", "teacher")
    current = [mark_of(replace(said, student_id=student), by, now, "provisional") for student in roster]
    plans = dict.fromkeys(roster, "I")
    signed = tickets.issue(teacher, lesson, roster, now, plans, current, sid="")
    assert signed
    claims = tickets.verify(signed, now)
    assert claims.roster == frozenset(roster)
    assert claims.codes_for(roster[-1]) == (claims.codes | {"M", "I"} if size == 30 else claims.codes)
