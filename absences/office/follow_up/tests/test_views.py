"""The office gives absences reasons, one after another."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from absences.tests.api import due_today
from absences.tests.pages import browser
from lessons.factories import LessonFactory, PlannedAbsenceFactory, StudentFactory, person
from lessons.models import Amendment, Lesson, Role, School, Student, User
from lessons.tests.registers import amend, take

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/follow-up/"


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def ava(lesson: Lesson, students: list[Student]) -> Student:
    """Returns a pupil who is absent today without a known reason."""
    take(lesson, absent={students[0]: "N"})
    return students[0]


@pytest.fixture
def olive(office: User) -> Client:
    return browser(office)


def given(lesson: Lesson, **fields: object) -> dict[str, object]:
    return {"lesson": lesson.pk, "code": "I", "reason": "Mother rang", "day": lesson.date.isoformat()} | fields


def test_it_is_listed_and_given_a_reason(olive: Client, ava: Student, lesson: Lesson) -> None:
    page = olive.get(PAGE).content.decode()
    assert ava.name in page
    assert "5 school days left" in page
    assert f'name="lesson" value="{lesson.pk}" checked' in " ".join(page.split())
    assert "Letter or evidence received" in page, "the school's reasons"
    said = olive.post(f"{PAGE}{ava.pk}", given(lesson), follow=True).content.decode()
    assert f"{ava.name}: Illness, in one lesson." in said
    assert "Every absence of this time has its reason." in said
    assert Amendment.objects.values_list("to_code", "reason").get() == ("I", "Mother rang")


def test_what_is_overdue_says_what_to_do(olive: Client, ava: Student, lesson: Lesson, students: list[Student]) -> None:
    """An N never becomes an O by itself."""
    past = [
        LessonFactory.create(group=lesson.group, date=lesson.date - timedelta(days=back)) for back in range(14, 0, -1)
    ]
    first = next(each for each in past if each.date.weekday() < 5)
    take(first, absent={students[1]: "N"})
    page = olive.get(PAGE).content.decode()
    assert "One day is overdue: if nobody knows why, record it as O, other or unknown." in page


def test_the_next_one_has_the_focus(
    olive: Client, ava: Student, lesson: Lesson, students: list[Student], school: School
) -> None:
    other = LessonFactory.create(group=lesson.group, date=lesson.date - timedelta(days=1))
    take(other, absent={students[1]: "N", students[2]: "N"})
    assert "autofocus" not in olive.get(PAGE).content.decode()
    following = f"{students[2].pk}-{other.date}"
    where = f"{PAGE}{students[1].pk}?year=8"
    went = olive.post(where, given(other, next=following))
    assert went.headers["location"] == f"{PAGE}?year=8&next={following}"
    page = olive.get(went.headers["location"]).content.decode()
    assert page.count("autofocus") == 1
    assert page.index(f'id="code-{following}"') < page.index("autofocus") < page.index(f'id="reason-{following}"')
    nobody = olive.get(f"{PAGE}?next=1-2020-01-01").content.decode()
    assert nobody.count("autofocus") == 1, "pupils who got a reason meanwhile are skipped"
    assert "next=first" in olive.post(f"{PAGE}{ava.pk}", given(lesson, next="//evil")).headers["location"]


def test_only_what_is_ticked(olive: Client, ava: Student, lesson: Lesson) -> None:
    second = LessonFactory.create(group=lesson.group, date=lesson.date)
    take(second, absent={ava: "N"})
    olive.post(f"{PAGE}{ava.pk}", given(second))
    assert [each.register_id for each in Amendment.objects.all()] == [second.pk]
    both = given(lesson) | {"lesson": [lesson.pk, second.pk]}
    said = olive.post(f"{PAGE}{ava.pk}", both, follow=True).content.decode()
    assert "in 2 lessons" in said
    assert Amendment.objects.count() == 2, "a mark that had the reason is not amended again"


def test_what_changed_meanwhile_is_not_overwritten(olive: Client, ava: Student, lesson: Lesson) -> None:
    amend(lesson.register, ava, "N", "L")
    said = olive.post(f"{PAGE}{ava.pk}", given(lesson), follow=True).content.decode()
    assert "“Late” by now, so nothing was changed there." in said
    assert Amendment.objects.count() == 1


def test_a_planned_absence_is_the_suggestion(olive: Client, ava: Student, lesson: Lesson) -> None:
    PlannedAbsenceFactory.create(student=ava, first_day=lesson.date, code="M", reason="Dentist")
    page = " ".join(olive.get(PAGE).content.decode().split())
    assert '<option value="M" selected>' in page
    assert 'value="Dentist"' in page


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"code": ""}, "Choose a code."),
        ({"code": "N"}, "Select a valid choice"),
        ({"code": "L"}, "Select a valid choice"),
        ({"code": "\0"}, "Select a valid choice"),
        ({"reason": " "}, "Say in a few words why."),
        ({"reason": "x" * 501}, "at most 500 characters"),
        ({"reason": "a\0b"}, "Null characters are not allowed."),
        ({"lesson": []}, "Tick at least one lesson."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_lost(
    wrong: dict[str, object], says: str, olive: Client, ava: Student, lesson: Lesson
) -> None:
    answer = olive.post(f"{PAGE}{ava.pk}", given(lesson, reason="Überfall der Möwen") | wrong)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert says in page
    assert "reason" in wrong or "Überfall der Möwen" in page
    assert not Amendment.objects.exists()


@pytest.mark.parametrize("ids", [["x"], ["0"], ["9" * 30], [str(2**62)], ["٣"]])
def test_lessons_that_are_none(ids: list[str], olive: Client, ava: Student, lesson: Lesson) -> None:
    assert olive.post(f"{PAGE}{ava.pk}", given(lesson) | {"lesson": ids}).status_code == 404


def test_too_many_lessons_and_those_of_others(olive: Client, ava: Student, lesson: Lesson) -> None:
    many = [str(number) for number in range(1, 60)]
    assert olive.post(f"{PAGE}{ava.pk}", given(lesson) | {"lesson": many}).status_code == 400
    foreign = LessonFactory.create(students=1)
    take(foreign)
    assert olive.post(f"{PAGE}{ava.pk}", given(foreign)).status_code == 404
    stranger = StudentFactory.create(school=lesson.school)
    assert olive.post(f"{PAGE}{stranger.pk}", given(lesson)).status_code == 404
    assert not Amendment.objects.exists()


@pytest.mark.parametrize("day", ["today", "", "2020-01-06"])
def test_a_day(day: str, olive: Client, ava: Student) -> None:
    page = olive.get(PAGE, {"day": day}).content.decode()
    assert (ava.name in page) is (day != "2020-01-06")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"day": "x"}, 400),
        ({"from": "2026-13-01"}, 400),
        ({"from": "2026-02-01", "to": "2026-01-01"}, 400),
        ({"from": "2020-01-01"}, 400),
        ({"year": "eight"}, 400),
        ({"year": "99"}, 200),
        ({"group": "x"}, 404),
        ({"group": "999999"}, 404),
        ({"school": "x"}, 404),
        ({"school": "999999"}, 404),
        ({"group": "\0"}, 404),
    ],
)
def test_a_malformed_filter(query: dict[str, str], status: int, olive: Client, ava: Student) -> None:
    assert olive.get(PAGE, query).status_code == status


def test_so_many_that_a_page_does_not_take_them(
    olive: Client, school: School, teacher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("absences.office.follow_up.views.SHOWN", 2)
    lesson = due_today(school, teacher, students=4)
    take(lesson, absent=dict.fromkeys(Student.objects.enrolled(lesson.group_id, lesson.date), "N"))
    page = olive.get(PAGE).content.decode()
    assert (page.count('class="explain"'), "2 more days" in page) == (2, True)
    assert olive.get(PAGE, {"all": "1"}).content.decode().count('class="explain"') == 4


def test_the_number_of_queries_is_fixed(
    olive: Client, school: School, teacher: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for size in (2, 12):
        lesson = due_today(school, teacher, students=size)
        take(lesson, absent=dict.fromkeys(Student.objects.enrolled(lesson.group_id, lesson.date), "N"))
        with django_assert_num_queries(9):
            assert olive.get(PAGE).status_code == 200


def test_of_two_schools(office: User, olive: Client, ava: Student) -> None:
    other = due_today(*_second(office))
    take(other, absent={Student.objects.enrolled(other.group_id, other.date)[0]: "N"})
    assert ava.name in olive.get(PAGE).content.decode()
    page = olive.get(PAGE, {"school": other.school_id}).content.decode()
    assert ava.name not in page
    assert other.school.name in page


def _second(office: User) -> tuple[School, User]:
    teacher = person(LessonFactory.create().school, Role.TEACHER, "dora")
    school = teacher.memberships.get().school
    assert school is not None
    office.memberships.create(school=school, role=Role.OFFICE)
    return school, teacher


def test_who_may_not(teacher: User, integrator: User, outsider: User, ava: Student, lesson: Lesson) -> None:
    foreign_office = person(outsider.memberships.get().school, Role.OFFICE, "oscar")
    for user, page, post in (
        (teacher, 403, 403),
        (integrator, 403, 403),
        (outsider, 403, 404),
        (foreign_office, 200, 404),
        (person(None, Role.OPERATOR, "nation"), 403, 404),
    ):
        client = browser(user)
        assert (client.get(PAGE).status_code, client.post(f"{PAGE}{ava.pk}", given(lesson)).status_code) == (page, post)
        assert ava.name not in client.get(PAGE).content.decode()
    assert Client().get(PAGE).headers["location"].startswith("/accounts/login/")
    assert not Amendment.objects.exists()


def test_an_admin_may(ava: Student, lesson: Lesson, school: School) -> None:
    ada = browser(person(school, Role.ADMIN, "ada"))
    assert ava.name in ada.get(PAGE).content.decode()
    assert ada.post(f"{PAGE}{ava.pk}", given(lesson)).status_code == 302


def test_wrong_method(olive: Client, ava: Student) -> None:
    assert (olive.post(PAGE).status_code, olive.get(f"{PAGE}{ava.pk}").status_code) == (405, 405)


def test_store_down(olive: Client, ava: Student, lesson: Lesson, mongodb_down: None) -> None:
    """The record is in SQL; the reconciler updates the sheet later."""
    assert ava.name in olive.get(PAGE).content.decode()
    assert olive.post(f"{PAGE}{ava.pk}", given(lesson)).status_code == 302
    assert Amendment.objects.get().to_code == "I"


def test_its_time_for_amending_is_over(olive: Client, lesson: Lesson, students: list[Student]) -> None:
    past = LessonFactory.create(group=lesson.group, date=lesson.date - timedelta(days=3))
    take(past, absent={students[0]: "N"})
    School.objects.update(office_amendment_window=1)
    page = olive.get(PAGE).content.decode()
    assert students[0].name in page
    assert "The office’s time for amending is over." in page
    assert 'name="code"' not in page
    said = olive.post(f"{PAGE}{students[0].pk}", given(past), follow=True).content.decode()
    assert "The school’s admin still can." in said
    assert not Amendment.objects.exists()
