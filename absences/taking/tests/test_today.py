"""Today: the lessons of a day, the current one first."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences.registers import completion
from absences.repair.reconcile import reconcile
from absences.store import mongo
from absences.store.sheets import Key
from absences.tests.api import due_today, signed_in, with_ticket
from absences.tests.pages import browser
from lessons.factories import LessonFactory, MembershipFactory, UserFactory, person
from lessons.models import Lesson, Role, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


def today(user: User, query: str = "") -> str:
    response = browser(user).get(f"/{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_the_current_lesson_is_one_tap_away(teacher: User, lesson: Lesson) -> None:
    content = today(teacher)
    assert "Take the register" in content
    assert f'href="/lessons/{lesson.pk}/"' in content


def test_it_comes_first(teacher: User, lesson: Lesson) -> None:
    over = due_today(lesson.school, teacher)
    Lesson.objects.filter(pk=over.pk).update(ends_at=timezone.now() - timedelta(minutes=1), starts_at=lesson.starts_at)
    later = LessonFactory.create(group=lesson.group, date=lesson.date, taught_by=teacher)
    Lesson.objects.filter(pk=later.pk).update(starts_at=timezone.now() + timedelta(hours=3))
    content = today(teacher)
    places = [content.index(f"/lessons/{each.pk}/") for each in (lesson, over, later)]
    assert places == sorted(places)
    assert "Opens " in content


def test_states_in_words(teacher: User, lesson: Lesson, roster: list[int]) -> None:
    assert "To be taken" in today(teacher)
    with_ticket(teacher, lesson, roster).put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}")
    assert "1 marked, not finished" in today(teacher)
    completion.complete(teacher, lesson.pk, now=timezone.now())
    assert "Taken " in today(teacher)


def test_a_colleagues_lesson_is_offered_as_cover(colleague: User, lesson: Lesson, school: School) -> None:
    assert "You have no lessons today" in today(colleague)
    assert "Take a colleague’s lesson as cover" in today(colleague)
    School.objects.update(open_cover=False)
    assert f"/lessons/{lesson.pk}/" not in today(User.objects.get(pk=colleague.pk))


def test_the_office_sees_the_whole_school(office: User, lesson: Lesson) -> None:
    assert f"/lessons/{lesson.pk}/" in today(office, "?date=today")
    assert "as cover" not in today(office, "?date=today")


def test_the_office_sees_first_what_is_left_to_do(office: User, lesson: Lesson, school: School, teacher: User) -> None:
    completion.complete(teacher, due_today(school, teacher).pk, now=timezone.now())
    LessonFactory.create(group=lesson.group, date=lesson.date, cancelled=True)
    headings = re.findall(r"<h2>\s*(.+?)\s*<span", today(office, "?date=today"))
    assert headings == ["To be taken", "Taken", "Cancelled"]


def test_who_teaches_and_runs_the_office_sees_both(teacher: User, school: School, lesson: Lesson) -> None:
    MembershipFactory.create(user=teacher, school=school, role=Role.OFFICE)
    other = due_today(school, person(school, Role.TEACHER, "dora"))
    content = today(User.objects.get(pk=teacher.pk))
    assert content.index("Your lessons") < content.index("Take the register") < content.index(f"/lessons/{other.pk}/")


def test_other_days(teacher: User, lesson: Lesson) -> None:
    yesterday = lesson.date - timedelta(days=1)
    past = LessonFactory.create(group=lesson.group, date=yesterday, taught_by=teacher)
    content = today(teacher, f"?date={yesterday}")
    assert f"/lessons/{past.pk}/" in content
    assert f"/lessons/{lesson.pk}/" not in content
    for edge in ("0001-01-01", "9999-12-31"):
        assert "no lessons on this day" in today(teacher, f"?date={edge}")


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "2026-13-01", "%00", "$where"])
def test_malformed_days_are_404(day: str, teacher: User) -> None:
    assert browser(teacher).get(f"/?date={day}").status_code == 404


def test_an_outsider_sees_nothing(outsider: User, lesson: Lesson) -> None:
    assert f"/lessons/{lesson.pk}/" not in today(outsider)


def test_nobody_signs_in_first() -> None:
    assert Client().get("/").headers["location"] == "/accounts/login/?next=/"


def test_wrong_method(teacher: User) -> None:
    assert browser(teacher).post("/").status_code == 405


def test_without_a_role() -> None:
    assert "no role in any school" in today(UserFactory.create())


def test_an_operator_goes_to_the_statistics() -> None:
    assert browser(person(None, Role.OPERATOR, "nation")).get("/").headers["location"] == "/stats"


def test_store_down_still_shows_the_lessons(mongodb_down: None, teacher: User, lesson: Lesson) -> None:
    content = today(teacher)
    assert f"/lessons/{lesson.pk}/" in content
    assert "does not answer" in content


@pytest.mark.parametrize("who", ["teacher", "office"])
def test_it_costs_at_most_six_statements(
    who: str, request: pytest.FixtureRequest, teacher: User, lesson: Lesson
) -> None:
    for _ in range(6):
        due_today(lesson.school, teacher)
    client = browser(request.getfixturevalue(who))
    with CaptureQueriesContext(connection) as queries:
        client.get("/")
    assert len(queries) <= 6, "\n".join(query["sql"] for query in queries)


def test_reports_without_a_lesson_are_shown_to_the_office(office: User, teacher: User, lesson: Lesson) -> None:
    signed_in(office).put("/api/v1/lessons/999999/absences/77", {"code": "I", "note": "<b>x</b>"})
    reconcile(timezone.now() + timedelta(hours=49))
    assert "Reports for one lesson" in today(office, "?date=today")
    shown = browser(office).get("/unplaced/").content.decode()
    assert "999999" in shown
    assert "Illness" in shown
    assert browser(teacher).get("/unplaced/").status_code == 403
    assert mongo.sheets().find_one(Key(lesson.school_id, 999999).filter) is None


def test_another_schools_orphans_are_not_shown(office: User, outsider: User) -> None:
    signed_in(office).put("/api/v1/lessons/999999/absences/77")
    reconcile(timezone.now() + timedelta(hours=49))
    outsider.memberships.update(role=Role.OFFICE)
    shown = browser(outsider).get("/unplaced/").content.decode()
    assert "999999" not in shown
