"""Students who come in after the register was taken: a Monday lesson from 09:00, taken at 09:05."""

from datetime import datetime, timedelta

import pytest

from absences.registers import amendments, arrivals, completion
from absences.registers.amendments import Change
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import mongo
from absences.store.reports import Report
from absences.tests.threads import at_once
from lessons.errors import NotAllowed
from lessons.models import Amendment, Lesson, RejectedReport, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def absent(teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> int:
    """The one absent student of a register that was taken."""
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N")], now)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    return roster[0]


@pytest.mark.parametrize(
    ("after_start", "code", "minutes"),
    [(29, "L", 29), (30, "U", 30), (11 * 60, "U", 600), (-20, "L", 0)],
)
def test_late_until_the_register_closes_and_u_from_then_on(
    after_start: int, code: str, minutes: int, teacher: User, lesson: Lesson, absent: int
) -> None:
    stands = arrivals.arrive(teacher, lesson, absent, now=lesson.starts_at + timedelta(minutes=after_start))
    assert (stands.code_of(absent), stands.minutes_of(absent)) == (code, minutes)
    amendment = Amendment.objects.get()
    assert (amendment.kind, amendment.from_code, amendment.to_code) == ("arrival", "N", code)
    assert (amendment.by_name, amendment.source) == ("Alice Lee", "report")


def test_who_was_unstated_arrives_too(office: User, lesson: Lesson, roster: list[int], now: datetime) -> None:
    completion.complete(office, lesson.pk, now=now, roster_seen=[])
    assert arrivals.arrive(office, lesson, roster[1], now=now).code_of(roster[1]) == "L"


@pytest.mark.parametrize("minutes", [0, 1, 30])
def test_saying_it_twice_is_one_amendment(
    minutes: int, teacher: User, lesson: Lesson, absent: int, now: datetime
) -> None:
    at_once(
        lambda: arrivals.arrive(teacher, lesson, absent, now=now),
        lambda: arrivals.arrive(teacher, lesson, absent, now=now + timedelta(minutes=minutes)),
    )
    assert Amendment.objects.count() == 1


def test_two_people_saying_it_is_one_amendment(
    teacher: User, colleague: User, lesson: Lesson, absent: int, now: datetime
) -> None:
    at_once(*(lambda user=user: arrivals.arrive(user, lesson, absent, now=now) for user in (teacher, colleague)))
    assert Amendment.objects.count() == 1


def test_who_is_corrected_back_may_arrive_again(teacher: User, lesson: Lesson, absent: int, now: datetime) -> None:
    arrivals.arrive(teacher, lesson, absent, now=now)
    back = Change(student_id=absent, code="N", reason="It was her sister")
    amendments.amend(teacher, lesson.pk, [back], now=now + timedelta(minutes=1))
    stands = arrivals.arrive(teacher, lesson, absent, now=now + timedelta(minutes=2))
    assert (stands.code_of(absent), Amendment.objects.count()) == ("L", 3)


def test_who_is_present_or_ill_does_not_arrive(
    office: User, lesson: Lesson, absent: int, roster: list[int], now: datetime
) -> None:
    amendments.amend(office, lesson.pk, [Change(student_id=absent, code="I", reason="Rang")], now=now)
    assert arrivals.arrive(office, lesson, absent, now=now).code_of(absent) == "I"
    assert arrivals.arrive(office, lesson, roster[1], now=now).code_of(roster[1]) == "/"
    assert Amendment.objects.count() == 1


def test_tomorrow_it_is_a_correction(office: User, lesson: Lesson, absent: int, now: datetime) -> None:
    with pytest.raises(NotAllowed):
        arrivals.arrive(office, lesson, absent, now=now + timedelta(days=1))


def test_who_may_not_use_the_code_tells_no_arrival(
    teacher: User, lesson: Lesson, absent: int, school: School, now: datetime
) -> None:
    School.objects.update(teacher_codes="N")
    lesson = Lesson.objects.with_register().get()
    with pytest.raises(NotAllowed):
        arrivals.arrive(teacher, lesson, absent, now=now)
    assert not RejectedReport.objects.exists()


def test_a_lost_sheet_loses_no_arrival(teacher: User, lesson: Lesson, absent: int, now: datetime) -> None:
    mongo.sheets().delete_many({})
    later = now + timedelta(minutes=3)
    assert arrivals.arrive(teacher, lesson, absent, now=later).code_of(absent) == "L"
