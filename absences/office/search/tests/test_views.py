"""The search for pupils, groups and, in the office, colleagues."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from absences.tests.api import due_today
from absences.tests.pages import browser, statements
from lessons.factories import GroupFactory, StudentFactory, person
from lessons.models import Lesson, Role, School, Student, User

pytestmark = pytest.mark.django_db

PAGE = "/search"


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def zoe(students: list[Student]) -> Student:
    """Returns a pupil in Alice's lesson of today."""
    Student.objects.filter(pk=students[0].pk).update(
        legal_name="Zoë Quillfeather-Łaski", preferred_name="Bee Łaski", sort_name="Łaski, Zoë"
    )
    students[0].refresh_from_db()
    return students[0]


def found(user: User, asked: str) -> str:
    answer = browser(user).get(PAGE, {"q": asked})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("asked", ["zoe", "laski bee", "ŁASKI", " zoë quill", "QUILL laski"])
def test_a_pupil_is_found_however_it_is_typed(asked: str, office: User, teacher: User, zoe: Student) -> None:
    for user in (office, teacher):
        page = found(user, asked)
        assert (zoe.name in page, zoe.legal_name in page, "Year 8" in page) == (True, True, True)
        assert f'href="/students/{zoe.pk}/"' in page


def test_by_upn_for_the_office_alone(office: User, teacher: User, zoe: Student) -> None:
    for asked in (zoe.upn, zoe.upn.lower(), f" {zoe.upn[:4]} {zoe.upn[4:]} "):
        assert zoe.name in found(office, asked)
        assert zoe.name not in found(teacher, asked)


def test_who_has_left_stands_last(office: User, school: School, zoe: Student) -> None:
    left = StudentFactory.create(school=school, legal_name="Zoë Quillfeather-Aa", sort_name="Aa", left=True)
    page = found(office, "zoe")
    assert page.index(zoe.name) < page.index(left.name) < page.index("Not on roll today")


def test_a_group_leads_to_its_lessons_of_today(office: User, teacher: User, lesson: Lesson) -> None:
    for user in (office, teacher):
        page = found(user, lesson.group.name.lower())
        assert f'href="/lessons/{lesson.pk}/"' in page


def test_a_colleague_leads_to_hers(office: User, colleague: User, teacher: User, lesson: Lesson) -> None:
    page = found(office, "lee alice")
    assert ("Alice Lee" in page, f'href="/lessons/{lesson.pk}/"' in page) == (True, True)
    assert "no lessons today" in found(office, "bob")
    assert "Bob Nowak" not in found(teacher, "bob")


def test_a_colleague_with_two_roles_stands_once(office: User, teacher: User, school: School) -> None:
    teacher.memberships.create(school=school, role=Role.OFFICE)
    assert found(office, "alice").count("<strong>Alice Lee</strong>") == 1


def test_systems_and_who_is_no_longer_there_are_no_colleagues(office: User, integrator: User, colleague: User) -> None:
    colleague.is_active = False
    colleague.save()
    assert "Timetable system" not in found(office, "timetable")
    assert "Bob Nowak" not in found(office, "bob")


def test_only_what_the_user_may_see(outsider: User, colleague: User, zoe: Student, lesson: Lesson) -> None:
    foreign_office = person(outsider.memberships.get().school, Role.OFFICE, "oscar")
    for user in (outsider, foreign_office, colleague):
        assert zoe.name not in found(user, "laski")
        assert f"<strong>{lesson.group.name}</strong>" not in found(user, lesson.group.name)


def test_more_than_a_page_takes(office: User, school: School) -> None:
    StudentFactory.create_batch(22, school=school)
    page = found(office, "quillfeather")
    assert (page.count('href="/students/'), "There are more." in page) == (20, True)


def test_nothing_asked_and_nothing_found(office: User, teacher: User) -> None:
    assert "Any part of a name will do" in found(office, " ")
    assert "Nobody and nothing that you may see has such a name." in found(office, "nobody")
    assert "the school’s office finds all" in found(teacher, "nobody")


@pytest.mark.parametrize("asked", ["a\0b", "x" * 9000, "%_", "Ω 李 ي", "<script>", "\\", "'"])
def test_anything_may_be_asked(asked: str, office: User) -> None:
    assert "<script>" not in found(office, asked).split("<main")[1]


def test_who_may_not(integrator: User) -> None:
    assert browser(integrator).get(PAGE, {"q": "a"}).status_code == 403
    assert browser(person(None, Role.OPERATOR, "operator")).get(PAGE, {"q": "a"}).status_code == 403
    assert Client().get(PAGE).headers["location"].startswith("/accounts/login/")


def test_wrong_method(office: User) -> None:
    assert browser(office).post(PAGE).status_code == 405


def test_store_down(office: User, zoe: Student, mongodb_down: None) -> None:
    assert zoe.name in found(office, "zoe")


def test_the_field_is_on_the_pages_of_people_with_a_school(teacher: User, lesson: Lesson) -> None:
    alice = browser(teacher)
    for path in ("/", "/accounts/sessions/", f"/lessons/{lesson.pk}/"):
        assert '"/search"' in alice.get(path).content.decode()
    assert "search" not in alice.get(f"/lessons/{lesson.pk}/").content.decode().split("</head>")[0], "`/` is its own"
    operator = browser(person(None, Role.OPERATOR, "operator"))
    assert 'action="/search"' not in operator.get("/accounts/sessions/").content.decode()
    assert 'action="/search"' not in Client().get("/accounts/login/").content.decode()


def test_the_queries_do_not_grow(office: User, school: School, lesson: Lesson) -> None:
    lesson.group.name = "Q"
    lesson.group.save()
    client = browser(office)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE, {"q": "q"})
        return len(statements(queries))

    few = asked()
    StudentFactory.create_batch(8, school=school)
    GroupFactory.create_batch(4, school=school, name="Q")
    assert few == asked()
