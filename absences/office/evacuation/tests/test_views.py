"""The evacuation list as any member of staff opens it."""

import pytest
from django.test import Client
from django.utils import timezone

from absences.tests.api import due_today
from absences.tests.pages import browser
from lessons.calendar import school_time
from lessons.factories import GroupFactory, StudentFactory, person
from lessons.models import DeskEntry, Lesson, Role, School, Student, User
from lessons.tests.registers import take

pytestmark = pytest.mark.django_db

PAGE = "/evacuation/"


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


def test_everybody_and_where(teacher: User, lesson: Lesson, students: list[Student]) -> None:
    take(lesson, absent={students[0]: "I"})
    page = browser(teacher).get(PAGE).content.decode()
    assert all(student.name in page for student in students)
    assert ("Year 8" in page, lesson.group.name in page, lesson.room in page) == (True, True, True)
    assert "Illness" not in page, "not everybody may know the reason"
    assert page.count('<span class="badge in">In school</span>') == 3 + 2, "including the two counts above"


def test_who_went_out(office: User, lesson: Lesson, students: list[Student], school: School) -> None:
    day = school_time.local_date(school.time_zone, timezone.now())
    facts = {"direction": "out", "date": day, "at": timezone.now(), "by_name": "Olive Grant", "note": "Dentist"}
    DeskEntry.objects.create(school=school, student=students[0], **facts)
    page = browser(office).get(PAGE).content.decode()
    assert "Front desk" in page
    assert "Dentist" not in page


def test_lessons_whose_register_is_missing(teacher: User, lesson: Lesson) -> None:
    text = "One lesson is on now, and its register has not been taken:"
    assert text in browser(teacher).get(PAGE).content.decode()
    take(lesson)
    assert text not in browser(teacher).get(PAGE).content.decode()


def test_nobody_on_roll(office: User) -> None:
    assert "Nobody is on the school’s roll today." in browser(office).get(PAGE).content.decode()


def test_the_youngest(office: User, school: School) -> None:
    for year in (0, -1):
        StudentFactory.create(school=school, year_group=year)
    page = browser(office).get(PAGE).content.decode()
    assert ("Reception" in page, "Nursery" in page, "In no group" in page) == (True, True, True)


def test_who_may_not(integrator: User, outsider: User, office: User, lesson: Lesson, students: list[Student]) -> None:
    foreign = browser(outsider).get(PAGE)
    assert foreign.status_code == 200
    assert students[0].name not in foreign.content.decode()
    assert browser(outsider).get(PAGE, {"school": lesson.school_id}).status_code == 404
    assert browser(integrator).get(PAGE).status_code == 403
    assert browser(person(None, Role.OPERATOR, "operator")).get(PAGE).status_code == 403
    assert Client().get(PAGE).headers["location"].startswith("/accounts/login/")


def test_one_of_several_schools(teacher: User, school: School, outsider: User) -> None:
    other = outsider.memberships.get().school
    assert other is not None
    outsider.memberships.create(school=school, role=Role.TEACHER)
    GroupFactory.create(school=other)
    page = browser(outsider).get(PAGE, {"school": school.pk}).content.decode()
    assert f'<option value="{school.pk}" selected>' in page


@pytest.mark.parametrize("given", ["0", "x", "9" * 30, "a\0b", "école"])
def test_a_malformed_school_is_404(given: str, office: User) -> None:
    assert browser(office).get(PAGE, {"school": given}).status_code == 404


def test_wrong_method(office: User) -> None:
    assert browser(office).post(PAGE).status_code == 405


def test_store_down(teacher: User, lesson: Lesson, students: list[Student], mongodb_down: None) -> None:
    """The list does not need MongoDB."""
    assert students[0].name in browser(teacher).get(PAGE).content.decode()


def test_the_way_there(teacher: User, office: User, outsider: User) -> None:
    for user in (teacher, office):
        assert f'href="{PAGE}"' in browser(user).get("/", follow=True).content.decode()
    assert 'aria-label="Office"' not in browser(teacher).get(PAGE).content.decode(), "a teacher's only such page"
