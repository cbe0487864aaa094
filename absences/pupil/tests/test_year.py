"""A pupil's school year, computed from registers."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from absences.pupil import reading
from absences.pupil.year import SchoolYear
from absences.tests.pages import statements
from lessons.admin.attendance import glance
from lessons.factories import EnrolmentFactory, GroupFactory, LessonFactory, SchoolFactory, StudentFactory, person
from lessons.models import Enrolment, Lesson, Role, School, Student, User
from lessons.tests.registers import amend, take, void

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 9, 18, 14, tzinfo=UTC)  # Friday of the lesson's week, 15:00 on the school's clocks
MONDAY = date(2026, 9, 14)


@pytest.fixture
def ava(school: School) -> Student:
    return EnrolmentFactory.create(group__school=school).student


def lesson(student: Student, day: int = 0, **fields: Any) -> Lesson:
    """Returns a lesson of the pupil's first group, `day` days after Monday."""
    group = student.enrolments.earliest("pk").group
    made: Lesson = LessonFactory.create(**{"group": group, "date": MONDAY + timedelta(day)} | fields)
    return made


def year(user: User, student: Student, of: int = 2026, now: datetime = NOW) -> SchoolYear:
    """Returns the year, and checks that the admin has the same figures if the user sees all of them."""
    found = reading.of(user, student, of, now)
    if reading.is_whole(user, student):
        at_a_glance = glance(student, of)
        assert (found.by_session, found.by_lesson) == (at_a_glance.by_session, at_a_glance.by_lesson)
    return found


def sums(found: SchoolYear) -> tuple[int, int, int]:
    """Returns lessons attended, possible and unmarked."""
    return found.by_lesson.attended, found.by_lesson.possible, found.by_lesson.unstated


def test_who_has_no_mark_was_present(office: User, ava: Student) -> None:
    take(lesson(ava))
    take(lesson(ava, 1), absent={ava: "I"})
    found = year(office, ava)
    assert [entry.letter for entry in found.entries] == ["/", "I"]
    assert (sums(found), [entry.letter for entry in found.exceptions]) == ((1, 2, 0), ["I"])


def test_unstated_counts_nowhere(office: User, ava: Student) -> None:
    take(lesson(ava), unstated=[ava.pk])
    found = year(office, ava)
    assert (sums(found), found.by_lesson.attendance_rate) == ((0, 0, 1), None)


def test_a_mark_counts_as_it_was_amended(office: User, ava: Student) -> None:
    register = take(lesson(ava), absent={ava: "N"})
    amend(register, ava, "N", "I")
    amend(register, ava, "I", "L", to_minutes_late=7)
    [entry] = year(office, ava).exceptions
    assert (entry.first_code, entry.letter, entry.minutes_late) == ("N", "L", 7)
    assert [each.to_code for each in entry.amendments] == ["I", "L"]


def test_amended_to_present_is_still_shown(office: User, ava: Student) -> None:
    amend(take(lesson(ava), absent={ava: "N"}), ava, "N", "/")
    found = year(office, ava)
    assert (sums(found), len(found.exceptions), found.unexplained) == ((1, 1, 0), 1, [])


def test_withdrawn_is_unstated_until_given_again(office: User, ava: Student) -> None:
    first, second = take(lesson(ava), absent={ava: "N"}), take(lesson(ava, 1))
    for register in (first, second):
        void(register)
    amend(second, ava, None, "/")
    found = year(office, ava)
    assert [entry.letter for entry in found.entries] == [None, "/"]
    assert (sums(found), found.exceptions[0].first_code) == ((1, 1, 1), "/")


def test_of_another_pupil_nothing_counts(office: User, ava: Student) -> None:
    group = ava.enrolments.get().group
    other = EnrolmentFactory.create(group=group).student
    amend(take(lesson(ava), absent={other: "N"}), other, "N", "I")
    found = year(office, ava)
    assert (sums(found), found.exceptions) == ((1, 1, 0), [])


def test_the_roster_decides_and_not_the_enrolment(office: User, ava: Student) -> None:
    """Her enrolment was ended without the register, and a later register does not list her."""
    before, after = lesson(ava), lesson(ava, 1)
    take(before, absent={ava: "N"})
    Enrolment.objects.update(ends_on=MONDAY - timedelta(1))
    take(after)
    assert [entry.lesson.pk for entry in year(office, ava).entries] == [before.pk]


def test_lessons_without_a_register_are_due_while_she_is_enrolled(office: User, ava: Student) -> None:
    missing, _ended = lesson(ava), lesson(ava, 2)
    lesson(ava, 1, cancelled=True)
    lesson(ava, 8)  # has not begun
    Enrolment.objects.update(ends_on=MONDAY + timedelta(1))
    found = year(office, ava)
    assert [each.pk for each in found.untaken] == [missing.pk]
    assert (found.lesson_coverage.taken, found.lesson_coverage.due) == (0, 1)


def test_of_two_lessons_that_claim_a_session_the_best_mark_counts(office: User, ava: Student) -> None:
    for group, code in ((ava.enrolments.get().group, "N"), (GroupFactory.create(school=ava.school), "V")):
        if code == "V":
            EnrolmentFactory.create(group=group, student=ava)
        take(lesson(ava, group=group, morning=True), absent={ava: code})
    take(lesson(ava, session="PM", start_time=time(13), end_time=time(14)), absent={ava: "I"})
    found = year(office, ava)
    assert {session: code and code.code for (_, session), code in found.sessions.items()} == {"AM": "V", "PM": "I"}
    assert (found.by_session.attended, found.by_session.possible, found.overlaps) == (1, 2, 1)
    assert found.by_lesson.possible == 3, "a lesson rate is another figure"


def test_unstated_in_one_of_them_leaves_the_other(office: User, ava: Student) -> None:
    take(lesson(ava, morning=True), unstated=[ava.pk])
    take(lesson(ava, morning=True), absent={ava: "N"})
    assert year(office, ava).by_session.unauthorised == 1


def test_a_session_that_another_lesson_took_is_not_due(office: User, ava: Student) -> None:
    take(lesson(ava, morning=True))
    lesson(ava, morning=True)
    lesson(ava, 1, morning=True)
    coverage = year(office, ava).session_coverage
    assert (coverage.taken, coverage.due) == (1, 2)


def test_a_year_begins_in_september(office: User, ava: Student) -> None:
    for day in (date(2026, 8, 31), date(2026, 9, 1), date(2027, 8, 31), date(2027, 9, 1)):
        take(lesson(ava, date=day))
    later = datetime(2028, 1, 1, tzinfo=UTC)
    assert [each.lesson.date for each in year(office, ava, 2025, later).entries] == [date(2026, 8, 31)]
    assert [each.lesson.date.month for each in year(office, ava, 2026, later).entries] == [9, 8]


def test_today_is_that_of_the_schools_clocks(office: User, ava: Student) -> None:
    """At 18:00 UTC it is Saturday in Auckland, and still Friday in London."""
    evening = NOW.replace(hour=18)
    assert year(office, ava, now=evening).until == date(2026, 9, 18)
    School.objects.update(time_zone="Pacific/Auckland")
    assert year(office, Student.objects.get(), now=evening).until == date(2026, 9, 19)


def test_what_is_missed_most(office: User, ava: Student) -> None:
    for day, (subject, code) in enumerate([("Maths", "N"), ("Art", "I"), ("Art", "/"), ("Art", "I"), ("PE", "/")]):
        take(lesson(ava, day, subject=subject), absent={} if code == "/" else {ava: code})
    take(lesson(ava, morning=True), absent={ava: "I"})
    missed = [(each.title, each.figures.absent, each.figures.possible) for each in year(office, ava).most_missed]
    assert missed == [("Art", 2, 3), ("Maths", 1, 1)]


def test_codes_by_count(office: User, ava: Student) -> None:
    take(lesson(ava, morning=True), absent={ava: "I"})
    take(lesson(ava, 1), absent={ava: "I"})
    take(lesson(ava, 2))
    found = year(office, ava).codes
    assert [(code.code, sessions, lessons) for code, sessions, lessons in found] == [("/", 0, 1), ("I", 1, 2)]


def test_a_teacher_sees_her_own_lessons(teacher: User, office: User, ava: Student) -> None:
    own, other = lesson(ava, taught_by=teacher), lesson(ava, 1)
    take(own)
    take(other, absent={ava: "I"})
    lesson(ava, 2)
    missing = lesson(ava, 2, taught_by=teacher)
    found = year(teacher, ava)
    assert [entry.lesson.pk for entry in found.entries] == [own.pk]
    assert ([each.pk for each in found.untaken], found.open_days) == ([missing.pk], frozenset())


def test_days_without_her_on_which_the_school_was_open(office: User, ava: Student) -> None:
    take(lesson(ava))
    for day in (0, 1, 2, 5, 9):
        LessonFactory.create(group__school=ava.school, date=MONDAY + timedelta(day))
    LessonFactory.create(group__school=ava.school, date=MONDAY + timedelta(3), cancelled=True)
    assert year(office, ava).open_days == {date(2026, 9, 15), date(2026, 9, 16)}


def test_nothing_of_another_school(ava: Student) -> None:
    take(lesson(ava))
    foreign = person(SchoolFactory.create(), Role.OFFICE, "oscar")
    found = year(foreign, StudentFactory.create(school=ava.school))
    assert (found.entries, found.untaken, found.open_days) == ([], [], frozenset())


def test_the_statements_do_not_grow(office: User, ava: Student) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            reading.of(office, ava, 2026, NOW)
        return len(statements(queries))

    take(lesson(ava))
    asked()  # reads the user's permissions, which are kept
    few = asked()
    for day in range(1, 5):
        amend(take(lesson(ava, day), absent={ava: "N"}), ava, "N", "I")
        void(take(lesson(ava, day, session="AM")))
        lesson(ava, day, session="PM")
    assert few == asked() == 6
