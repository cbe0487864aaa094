"""Rows that the tables refuse, and which rows each user sees."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from lessons.factories import (
    EnrolmentFactory,
    GroupFactory,
    LessonFactory,
    MembershipFactory,
    SchoolFactory,
    StudentFactory,
    UserFactory,
    person,
)
from lessons.models import Enrolment, Group, Lesson, LessonStaff, Register, Role, School, Student, User
from lessons.models.permissions import Access
from lessons.tests.registers import take

pytestmark = pytest.mark.django_db

DAY = date(2026, 9, 14)
NINE = datetime(2026, 9, 14, 8, tzinfo=UTC)  # nine o'clock in London, when the factory's lessons begin


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture
def lesson(school: School) -> Lesson:
    return LessonFactory.create(group__school=school, students=2)


def state(now: datetime) -> str:
    """Checks that lists and single lessons agree on the state, and returns it."""
    lesson = Lesson.objects.with_state(now).get()
    assert lesson.state == Lesson.objects.get().state_at(now)
    return lesson.state


def test_a_lesson_is_due_from_the_minute_it_opens(lesson: Lesson) -> None:
    opens = NINE - timedelta(minutes=60)
    assert lesson.opens_at == opens
    assert [state(opens - timedelta(microseconds=1)), state(opens)] == ["scheduled", "due"]


@pytest.mark.parametrize("minutes", [0, 5, 24 * 60])
def test_each_school_sets_when_lessons_open(school: School, lesson: Lesson, minutes: int) -> None:
    School.objects.update(opening_minutes=minutes)
    opens = NINE - timedelta(minutes=minutes)
    assert [state(opens - timedelta(microseconds=1)), state(opens)] == ["scheduled", "due"]


def test_a_lesson_that_nobody_took_stays_due(lesson: Lesson) -> None:
    assert state(NINE + timedelta(days=30)) == "due"


def test_a_lesson_with_a_register_is_completed(lesson: Lesson) -> None:
    take(lesson)
    assert state(NINE) == "completed"


def test_a_cancelled_lesson_is_cancelled(school: School) -> None:
    LessonFactory.create(group__school=school, cancelled=True)
    assert state(NINE) == "cancelled"


def test_a_register_closes_after_the_schools_minutes(school: School, lesson: Lesson) -> None:
    school.closing_minutes = 20
    lesson.school = school
    assert lesson.closes_at == NINE + timedelta(minutes=20)


def seen(user: User, now: datetime = NINE) -> list[Lesson]:
    """Returns the lessons in the user's list, and checks that each is the same when requested alone."""
    found = list(Lesson.objects.for_user(user, now).with_state(now).with_people())
    alone = [Lesson.one_for_user(user, pk, now) for pk in Lesson.objects.values_list("pk", flat=True)]
    assert [known(each) for each in alone if each] == [known(each) for each in found]
    return found


def known(lesson: Lesson) -> tuple[Any, ...]:
    return lesson, lesson.school, lesson.group, lesson.own, lesson.state, lesson.is_completed, lesson.people


@pytest.mark.parametrize("role", [Role.OFFICE, Role.ADMIN, Role.INTEGRATOR])
def test_whole_school_roles_see_their_school(school: School, lesson: Lesson, role: Role) -> None:
    LessonFactory.create()
    user = person(school, role, "alice")
    assert seen(user) == [lesson]
    assert list(Group.objects.for_user(user)) == [lesson.group]
    assert set(Student.objects.for_user(user)) == set(Student.objects.filter(school=school))


def test_a_teacher_sees_what_she_is_staff_of(school: School, lesson: Lesson) -> None:
    school.open_cover = False
    school.save()
    alice = person(school, Role.TEACHER, "alice")
    own = LessonFactory.create(group__school=school, students=1, taught_by=alice)
    assert seen(alice) == [own]
    assert list(Group.objects.for_user(alice)) == [own.group]
    assert list(Student.objects.for_user(alice)) == list(Student.objects.filter(enrolments__group=own.group))


def test_a_teacher_sees_her_lesson_once(school: School) -> None:
    alice = person(school, Role.TEACHER, "alice")
    lessons = LessonFactory.create_batch(2, group=GroupFactory.create(school=school), taught_by=alice)
    assert seen(alice) == lessons
    assert Group.objects.for_user(alice).count() == 1


def test_a_teacher_sees_registers_of_her_lessons_only(school: School, lesson: Lesson) -> None:
    alice = person(school, Role.TEACHER, "alice")
    own = LessonFactory.create(group__school=school, taught_by=alice)
    registers = [take(own), take(lesson)]
    assert list(Register.objects.for_user(alice)) == registers[:1]


@pytest.mark.parametrize(
    ("now", "covers"),
    [
        (NINE - timedelta(minutes=61), False),
        (NINE - timedelta(minutes=60), True),
        (datetime(2026, 9, 14, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 9, 14, 23, 0, tzinfo=UTC), False),  # midnight in London
    ],
)
def test_open_cover_shows_todays_lessons_once_they_open(
    school: School, lesson: Lesson, now: datetime, covers: bool
) -> None:
    assert bool(seen(person(school, Role.TEACHER, "alice"), now)) is covers


def test_open_cover_is_a_schools_choice(school: School, lesson: Lesson) -> None:
    School.objects.update(open_cover=False)
    assert seen(person(school, Role.TEACHER, "alice")) == []


def test_open_cover_shows_no_cancelled_lesson(school: School) -> None:
    LessonFactory.create(group__school=school, cancelled=True)
    assert seen(person(school, Role.TEACHER, "alice")) == []


def test_open_cover_ends_at_the_school(lesson: Lesson) -> None:
    assert seen(person(SchoolFactory.create(), Role.TEACHER, "mallory")) == []


def test_staff_without_a_role_any_more_see_nothing(lesson: Lesson) -> None:
    alice = UserFactory.create()
    LessonStaff.objects.create(school=lesson.school, lesson=lesson, user=alice)
    assert seen(alice) == []


@pytest.mark.parametrize("known", [True, False])
def test_operators_and_the_inactive_see_no_pupil(school: School, lesson: Lesson, known: bool) -> None:
    user = person(None, Role.OPERATOR, "o") if known else person(school, Role.OFFICE, "left", is_active=False)
    assert seen(user) == []
    assert not Student.objects.for_user(user).exists()


def test_a_token_of_one_school_opens_that_school_only(school: School) -> None:
    alice = person(school, Role.OFFICE, "alice")
    other = SchoolFactory.create()
    MembershipFactory.create(user=alice, school=other, role=Role.OFFICE)
    alice.acting_schools = frozenset({other.pk})
    assert alice.access.schools() == [other.pk]
    assert set(Access.of(User.objects.get(pk=alice.pk)).schools()) == {school.pk, other.pk}


def enrolled(**fields: Any) -> bool:
    """Returns whether a student enrolled with these dates is on the day's roster."""
    enrolment = EnrolmentFactory.create(**fields)
    return Student.objects.enrolled(enrolment.group_id, DAY).filter(pk=enrolment.student_id).exists()


@pytest.mark.parametrize(
    ("starts", "ends", "on"),
    [
        (DAY, None, True),
        (DAY, DAY, True),
        (DAY + timedelta(1), None, False),
        (DAY - timedelta(9), DAY, True),
        (DAY - timedelta(9), DAY - timedelta(1), False),
    ],
)
def test_an_enrolment_counts_from_its_first_to_its_last_day(starts: date, ends: date | None, on: bool) -> None:
    assert enrolled(starts_on=starts, ends_on=ends) is on


@pytest.mark.parametrize(
    ("joined", "left", "on"),
    [(DAY, DAY, True), (DAY + timedelta(1), None, False), (DAY, DAY + timedelta(1), True)],
)
def test_only_students_on_roll_are_enrolled(joined: date, left: date | None, on: bool) -> None:
    assert enrolled(student__on_roll_from=joined, student__on_roll_until=left) is on


def test_a_student_who_left_and_came_back_is_enrolled_once() -> None:
    first = EnrolmentFactory.create(starts_on=date(2025, 9, 1))
    EnrolmentFactory.create(student=first.student, group=first.group, starts_on=date(2026, 1, 1))
    assert list(Student.objects.enrolled(first.group_id, DAY)) == [first.student]


def test_the_roster_is_in_the_order_of_the_register() -> None:
    group = GroupFactory.create()
    for name in ("Okafor, Ada", "Lee, Ava", "Nguyễn, An"):
        EnrolmentFactory.create(group=group, student__sort_name=name)
    names = [student.sort_name for student in Student.objects.enrolled(group.pk, DAY)]
    assert names == ["Lee, Ava", "Nguyễn, An", "Okafor, Ada"]


@pytest.mark.parametrize(
    "write",
    [
        lambda: LessonFactory.create(start_time=time(10), end_time=time(10)),
        lambda: EnrolmentFactory.create(starts_on=DAY, ends_on=DAY - timedelta(1)),
        lambda: StudentFactory.create(year_group=15),
        lambda: StudentFactory.create(on_roll_from=DAY, on_roll_until=DAY - timedelta(1)),
        lambda: SchoolFactory.create(closing_minutes=31),
        lambda: MembershipFactory.create(school=None),
        lambda: MembershipFactory.create(role=Role.OPERATOR),
    ],
)
def test_the_database_refuses_what_cannot_be(write: Callable[[], Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        write()


def twice(factory: Any, **fields: Any) -> Any:
    factory.create(**fields)
    return factory.create(**fields)


@pytest.mark.parametrize("factory", [StudentFactory, GroupFactory])
def test_an_external_id_is_unique_per_school_and_source(school: School, factory: Any) -> None:
    twice(factory, school=school)
    twice(factory, source="mis", external_id="1")
    with pytest.raises(IntegrityError), transaction.atomic():
        twice(factory, school=school, source="mis", external_id="1")


def test_a_upn_is_unique_in_a_school_and_may_be_missing(school: School) -> None:
    twice(StudentFactory, school=school, upn="")
    with pytest.raises(IntegrityError), transaction.atomic():
        twice(StudentFactory, school=school, upn="Y823200001001")


def test_an_enrolment_stands_once(lesson: Lesson) -> None:
    old = Enrolment.objects.earliest("pk")
    with pytest.raises(IntegrityError), transaction.atomic():
        EnrolmentFactory.create(group=old.group, student=old.student, starts_on=old.starts_on)


def test_a_lesson_has_one_register(lesson: Lesson) -> None:
    take(lesson)
    with pytest.raises(IntegrityError), transaction.atomic():
        take(lesson, feed_number=2)


@pytest.mark.parametrize("codes", ["", "L", "N H", "N Y", "n"])
def test_teachers_codes_are_known_and_hold_the_absence(school: School, codes: str) -> None:
    school.teacher_codes = codes
    with pytest.raises(ValidationError, match="teacher_codes"):
        school.full_clean()


def test_an_enrolment_knows_whether_a_register_stands_on_it(lesson: Lesson) -> None:
    enrolment = Enrolment.objects.earliest("pk")
    assert not Register.objects.on_enrolment(enrolment)
    take(lesson)
    assert Register.objects.on_enrolment(enrolment)
    Enrolment.objects.filter(pk=enrolment.pk).update(ends_on=enrolment.starts_on)
    assert Register.objects.on_enrolment(Enrolment.objects.get(pk=enrolment.pk))
