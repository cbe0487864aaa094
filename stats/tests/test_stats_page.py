"""The statistics page in a browser."""

import re
from datetime import date
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from absences.tests.api import signed_in
from absences.tests.pages import browser
from lessons.factories import GroupFactory, LessonFactory, MembershipFactory, SchoolFactory, person
from lessons.models import Group, Lesson, Role, School, User

pytestmark = pytest.mark.django_db(transaction=True)

YEAR = "from=2026-09-01&to=2027-08-31"
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"  # as Firefox and Chromium say it


def page(client: Client, query: str = YEAR) -> Any:
    return client.get(f"/stats?{query}", headers={"accept": HTML})


def shown(client: Client, query: str = YEAR) -> str:
    response = page(client, query)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    return response.content.decode()  # type: ignore[no-any-return]


def test_it_shows_the_figures(teacher: User, taken: Lesson) -> None:
    content = shown(browser(teacher))
    for words in (taken.group.name, "75.0 %", "25.0 %", "3 of 4 possible", "0 authorised, 1 unauthorised", "of 1 due"):
        assert words in content


def test_a_bar_stands_beside_the_figures(teacher: User, taken: Lesson) -> None:
    bars = re.findall(r'<rect class="(\w+)"\s+x="([\d.]+)%"\s+width="([\d.]+)%"', shown(browser(teacher)))
    assert bars == [("attended", "0.00", "75.00"), ("unauthorised", "75.00", "25.00")]


def test_nothing_is_styled_inline(teacher: User, taken: Lesson) -> None:
    content = shown(browser(teacher))
    assert not re.search(r"<style|<script(?! type=\"module\" src=)|\sstyle=|\son\w+=", content)


def test_names_are_text(teacher: User, taken: Lesson) -> None:
    Group.objects.update(name="<b>7A</b> & co")
    assert "&lt;b&gt;7A&lt;/b&gt; &amp; co" in shown(browser(teacher))


def test_where_nothing_was_taken_it_says_so(teacher: User, lesson: Lesson) -> None:
    content = shown(browser(teacher))
    assert "No registers were taken" in content
    assert "<table" not in content


def test_the_form_keeps_what_was_chosen(teacher: User, taken: Lesson) -> None:
    other = LessonFactory.create(group=GroupFactory.create(school=taken.school), taught_by=teacher)
    content = shown(browser(teacher), f"level=school&group={taken.group_id}&from=2026-09-02&to=2026-10-03")
    chosen = re.findall(r'<option value="(\w*)"\s+selected', content)
    assert chosen == ["school", str(taken.group_id)]
    assert other.group.name in content
    for day in ("2026-09-02", "2026-10-03"):
        assert f'value="{day}"' in content


def test_who_has_two_schools_chooses(office: User, school: School, taken: Lesson) -> None:
    assert 'name="school"' not in shown(browser(office))
    other = SchoolFactory.create()
    MembershipFactory.create(user=office, school=other, role=Role.OFFICE)
    content = shown(browser(office), f"{YEAR}&school={other.pk}")
    assert re.findall(r'<option value="(\w*)"\s+selected', content) == ["group", str(other.pk)]
    assert taken.group.name not in content


def test_a_teacher_reads_that_a_school_is_of_the_own_groups(teacher: User, office: User, taken: Lesson) -> None:
    note = "Only groups that you see"
    assert note in shown(browser(teacher), f"{YEAR}&level=school")
    assert note not in shown(browser(office), f"{YEAR}&level=school")


def test_an_operator_is_shown_schools_only(taken: Lesson) -> None:
    content = shown(browser(person(None, Role.OPERATOR, "nation")))
    assert taken.school.name in content
    assert taken.group.name not in content
    assert 'name="level"' not in content and 'name="group"' not in content


def test_it_links_to_the_same_as_a_spreadsheet(teacher: User, taken: Lesson) -> None:
    client = browser(teacher)
    query = f"level=group&{YEAR}&group={taken.group_id}"
    link = re.search(r'href="\?([^"]+format=csv)"', shown(client, query))
    assert link is not None
    answer = page(client, link[1].replace("&amp;", "&"))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert taken.group.name in answer.content.decode()


def test_what_is_wrong_is_said(office: User) -> None:
    response = page(browser(office), "from=2026-09-02&to=2026-09-01")
    assert response.status_code == 400
    assert "The first day comes after the last." in response.content.decode()


def test_what_is_foreign_is_404(outsider: User, taken: Lesson) -> None:
    for query in (f"group={taken.group_id}", f"school={taken.school_id}"):
        response = page(browser(outsider), query)
        assert (response.status_code, taken.group.name in response.content.decode()) == (404, False)


@pytest.mark.parametrize("query", ["level=school", "format=csv"])
def test_who_is_not_signed_in_goes_to_sign_in(query: str) -> None:
    response = page(Client(), query)
    assert response.status_code == 302
    assert unquote(response.headers["location"]) == f"/accounts/login/?next=/stats?{query}"


def test_a_token_gets_data_whatever_it_accepts(teacher: User, taken: Lesson) -> None:
    response = signed_in(teacher).client.get(f"/stats?{YEAR}", headers={"accept": HTML})
    assert response.headers["content-type"] == "application/json"
    assert {"Accept", "Authorization"} <= set(response.headers["vary"].split(", "))


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_wrong_method(method: str, office: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(office)
    assert getattr(client, method)("/stats", headers={"accept": HTML}).status_code == 405


def test_store_down(mongodb_down: None, office: User) -> None:
    response = page(browser(office))
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("groups", [1, 5])
def test_it_asks_sql_as_often_whatever_there_is(
    groups: int, office: User, lesson: Lesson, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(groups - 1):
        LessonFactory.create(group=GroupFactory.create(school=lesson.school), date=date(2026, 9, 15))
    client = browser(office)
    # Session, user, memberships; schools, groups and coverage; the schools and groups to choose from.
    with django_assert_num_queries(7):
        shown(client)
