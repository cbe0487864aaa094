"""Registers that are updated when a pupil arrives."""

from datetime import datetime, time, timedelta

import pytest

from absences.office.front_desk import front_desk
from absences.office.front_desk.front_desk import Told
from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.repair import reconcile
from absences.reporting import service, tickets
from absences.store import sheets, transitions
from absences.store.marks import current_marks
from absences.store.reports import Report
from absences.store.sheets import Key
from lessons.factories import LessonFactory
from lessons.models import Amendment, DeskEntry, Lesson, Session, Student, User

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture
def ava(students: list[Student]) -> Student:
    return students[0]


def on_sheet(lesson: Lesson, student: Student) -> str | None:
    marks = current_marks(sheets.read(Key(lesson.school_id, lesson.pk)))
    return next((mark["code"] for mark in marks if mark["student"] == student.pk), None)


def mark(user: User, lesson: Lesson, student: Student, code: str, now: datetime) -> None:
    roster = list(Student.objects.enrolled(lesson.group_id, lesson.date).values_list("pk", flat=True))
    claims = tickets.claims_for(user, lesson, roster, now)
    service.report(claims, lesson.pk, [Report(student_id=student.pk, code=code)], now)


def told(user: User, student: Student, now: datetime) -> list[tuple[int, str | None]]:
    return [(each.lesson.pk, each.code) for each in front_desk.tell_registers(user, student, now=now)]


def at(lesson: Lesson, minutes: int) -> datetime:
    return lesson.starts_at + timedelta(minutes=minutes)


@pytest.mark.parametrize(("minutes", "code"), [(5, "L"), (29, "L"), (30, "U"), (59, "U")])
def test_an_open_register_gets_a_report(office: User, lesson: Lesson, ava: Student, minutes: int, code: str) -> None:
    for _ in range(2):
        assert told(office, ava, at(lesson, minutes)) == [(lesson.pk, code)]
    assert on_sheet(lesson, ava) == code
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    assert sheet is not None
    [said] = sheet["log"]
    assert (said["minutes_late"], said["by_name"]) == (minutes, "Olive Grant")


def test_absent_on_an_open_sheet_becomes_late(
    office: User, teacher: User, lesson: Lesson, ava: Student, roster: list[int]
) -> None:
    """And again, after a teacher who had not seen it marked her absent once more."""
    for minutes in (3, 6):
        mark(teacher, lesson, ava, "N", at(lesson, minutes))
        assert told(office, ava, at(lesson, minutes + 1)) == [(lesson.pk, "L")]
        assert on_sheet(lesson, ava) == "L"
    done = completion.complete(teacher, lesson.pk, now=at(lesson, 10), roster_seen=roster)
    assert done.merged.state.code_of(ava.pk) == "L"


@pytest.mark.parametrize("code", ["/", "L", "M"])
def test_what_else_stands_on_the_sheet_is_left(office: User, lesson: Lesson, ava: Student, code: str) -> None:
    mark(office, lesson, ava, code, at(lesson, 3))
    assert told(office, ava, at(lesson, 20)) == [(lesson.pk, code)]


@pytest.mark.parametrize(("minutes", "code"), [(20, "L"), (40, "U")])
def test_a_register_that_was_taken_gets_an_arrival(
    office: User, teacher: User, lesson: Lesson, ava: Student, roster: list[int], minutes: int, code: str
) -> None:
    mark(teacher, lesson, ava, "N", at(lesson, 3))
    completion.complete(teacher, lesson.pk, now=at(lesson, 5), roster_seen=roster)
    for _ in range(2):
        assert told(office, ava, at(lesson, minutes)) == [(lesson.pk, code)]
    made = Amendment.objects.get()
    assert (made.kind, made.from_code, made.to_code, made.to_minutes_late) == ("arrival", "N", code, minutes)


def test_one_who_came_after_a_report_of_the_desk_was_overruled(
    office: User, teacher: User, lesson: Lesson, ava: Student, roster: list[int]
) -> None:
    told(office, ava, at(lesson, 2))
    mark(teacher, lesson, ava, "N", at(lesson, 3))
    completion.complete(teacher, lesson.pk, now=at(lesson, 5), roster_seen=roster)
    assert told(office, ava, at(lesson, 20)) == [(lesson.pk, "L")]
    assert Amendment.objects.get().to_code == "L"


def test_of_whom_nothing_was_stated_comes_in(
    office: User, teacher: User, lesson: Lesson, ava: Student, roster: list[int]
) -> None:
    completion.complete(teacher, lesson.pk, now=at(lesson, 5), roster_seen=roster[1:])
    assert told(office, ava, at(lesson, 20)) == [(lesson.pk, "L")]


def test_present_and_explained_stand(
    office: User, teacher: User, lesson: Lesson, ava: Student, roster: list[int]
) -> None:
    completion.complete(teacher, lesson.pk, now=at(lesson, 5), roster_seen=roster)
    assert told(office, ava, at(lesson, 20)) == [(lesson.pk, "/")]
    change = Change(student_id=ava.pk, code="I", reason="Mother rang")
    amendments.amend(office, lesson.pk, [change], now=at(lesson, 21))
    assert told(office, ava, at(lesson, 22)) == [(lesson.pk, "I")]


def test_a_register_that_is_being_finished(office: User, lesson: Lesson, ava: Student) -> None:
    """The mark is unknown until the merge, so the user must press again."""
    mark(office, lesson, ava, "N", at(lesson, 3))
    asked = completion.Completion(user=office, lesson_id=lesson.pk, roster_seen=())
    now = at(lesson, 4)
    transitions.fence(Key(lesson.school_id, lesson.pk), lesson.date, completion._intent(asked, lesson, now), now)
    [said] = front_desk.tell_registers(office, ava, now=at(lesson, 5))
    assert said.unknown
    reconcile.reconcile(at(lesson, 6))
    assert told(office, ava, at(lesson, 7)) == [(lesson.pk, "L")]


def lesson_at(lesson: Lesson, hour: int, **fields: object) -> Lesson:
    when = {"start_time": time(hour), "end_time": time(hour + 1)}
    made: Lesson = LessonFactory.create(group=lesson.group, date=lesson.date, **when | fields)
    return made


def test_the_session_that_began_last_counts_beside_the_lesson(office: User, lesson: Lesson, ava: Student) -> None:
    morning = lesson_at(lesson, 8, session=Session.AM, end_time=time(8, 20))
    second = lesson_at(lesson, 10)
    afternoon = lesson_at(lesson, 13, session=Session.PM)
    assert told(office, ava, at(second, 5)) == [(morning.pk, "U"), (second.pk, "L")]
    assert told(office, ava, at(afternoon, 5)) == [(afternoon.pk, "L")]
    between = at(second, 70)
    assert [each.pk for each in front_desk.waiting(ava, between)] == [morning.pk]
    assert front_desk.waiting(ava, at(morning, -5)) == []
    assert front_desk.waiting(ava, at(afternoon, 120)) == [], "her day is over"


def test_cancelled_lessons_and_other_groups_do_not_wait(office: User, lesson: Lesson, ava: Student) -> None:
    lesson_at(lesson, 9, status=Lesson.Status.CANCELLED)
    LessonFactory.create(group__school=lesson.school)
    assert [each.pk for each in front_desk.waiting(ava, at(lesson, 5))] == [lesson.pk]


def test_who_joined_after_it_was_taken_is_not_waited_for(
    office: User, teacher: User, lesson: Lesson, ava: Student, roster: list[int]
) -> None:
    enrolment = ava.enrolments.get()
    enrolment.delete()
    completion.complete(teacher, lesson.pk, now=at(lesson, 5), roster_seen=roster[1:])
    enrolment.save()
    assert front_desk.waiting(ava, at(lesson, 8)) == []


def test_a_store_that_is_down_is_said(office: User, lesson: Lesson, ava: Student, mongodb_down: None) -> None:
    [said] = front_desk.tell_registers(office, ava, now=at(lesson, 5))
    assert said == Told(lesson, None, unknown=True)


def test_twice_within_a_minute_is_one_entry(office: User, lesson: Lesson, ava: Student, now: datetime) -> None:
    first, made = front_desk.enter(office, ava, DeskEntry.Direction.IN, "Bus", now=now)
    again, made_again = front_desk.enter(office, ava, DeskEntry.Direction.IN, "", now=now + timedelta(seconds=59))
    assert (made, made_again, first) == (True, False, again)
    front_desk.enter(office, ava, DeskEntry.Direction.OUT, "Dentist", now=now + timedelta(seconds=59))
    front_desk.enter(office, ava, DeskEntry.Direction.IN, "", now=now + timedelta(seconds=61))
    assert [entry.direction for entry in front_desk.entries(lesson.school, lesson.date)] == ["in", "out", "in"]


@pytest.mark.parametrize("directions", [("in", "out", "in"), ("out", "in", "out")])
def test_there_and_back_within_a_minute_is_three_entries(
    office: User, lesson: Lesson, ava: Student, now: datetime, directions: tuple[str, ...]
) -> None:
    for second, direction in enumerate(directions):
        front_desk.enter(office, ava, DeskEntry.Direction(direction), "", now=now + timedelta(seconds=second))
    assert tuple(entry.direction for entry in front_desk.entries(lesson.school, lesson.date))[::-1] == directions
