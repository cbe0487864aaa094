"""The register as a plain form, without JavaScript."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences.registers import completion
from absences.store import sheets
from absences.store.sheets import Key
from absences.tests.api import due_today, signed_in
from absences.tests.pages import browser, fill, marks, statements
from lessons.factories import PlannedAbsenceFactory, StudentFactory
from lessons.models import Amendment, Lesson, LessonStaff, Mark, School, Student, User
from lessons.tests.registers import reject, take

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


def test_nobody_is_marked_at_first(alice: Client, page: str, roster: list[int]) -> None:
    content = alice.get(page).content.decode()
    assert "checked" not in content
    assert re.search(r"of <span class=\"total\">4</span> marked", content)
    assert all(f'name="mark-{pk}"' in content for pk in roster)


@pytest.mark.parametrize("state", [{"starts_at": timezone.now() + timedelta(days=1)}, {"status": "cancelled"}])
def test_where_nothing_is_taken_signing_out_still_asks(state: dict[str, Any], alice: Client, page: str) -> None:
    """Its script is on every such page, since marks of other lessons may be waiting."""
    script = '<script type="module" src="/static/absences/attendance.'
    assert alice.get(page).content.decode().count(script) == 1
    Lesson.objects.update(**state)
    assert alice.get(page).content.decode().count(script) == 1


def test_each_form_is_taken_with_the_token_of_its_page_alone(teacher: User, page: str, lesson: Lesson) -> None:
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(teacher)
    content = guarded.get(page).content.decode()
    tokens = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', content)
    assert len(tokens) == content.count('method="post"') == 3, "the register, somebody else, signing out"
    for path in (page, f"{page}complete", f"{page}someone-else", "/accounts/logout/"):
        assert guarded.post(path).status_code == 403
        assert guarded.post(path, {"csrfmiddlewaretoken": tokens[0]}).status_code == 302
    assert len(set(tokens[:2])) == 1


def test_the_page_counts_who_is_left(
    alice: Client, page: str, lesson: Lesson, roster: list[int], students: list[Student]
) -> None:
    PlannedAbsenceFactory.create(student=students[3], first_day=lesson.date, last_day=lesson.date)
    alice.post(page, fill(alice, page, **{f"mark_{roster[0]}": "N"}))
    content = alice.get(page).content.decode()
    counted = re.findall(r'class="live (\w+)"><span>(\d+)<', content)
    assert counted == [("marked", "1"), ("unmarked", "2"), ("confirmed", "1")]


def test_the_top_says_whose_lesson_it_is_and_where_one_is(alice: Client, page: str, lesson: Lesson) -> None:
    LessonStaff.objects.filter(lesson=lesson).update(kind="cover")
    content = alice.get(page).content.decode()
    assert "Alice Lee (cover)" in content
    assert 'aria-current="page"> Today' not in content
    assert re.search(r'<a href="/"\s+aria-current="page"\s*>\s*Today', alice.get("/").content.decode())


def test_saving_reports_what_changed_alone(alice: Client, page: str, lesson: Lesson, roster: list[int]) -> None:
    response = alice.post(page, fill(alice, page, **{f"mark_{roster[0]}": "N"}))
    assert (response.status_code, response.headers["location"]) == (302, page)
    assert marks(lesson) == {roster[0]: "N"}
    alice.post(page, fill(alice, page, **{f"mark_{roster[1]}": "/"}))
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    assert sheet is not None
    assert [entry["student"] for entry in sheet["log"]] == roster[:2], "the first mark was not reported again"


def test_saving_nothing_says_so(alice: Client, page: str, lesson: Lesson) -> None:
    response = alice.post(page, fill(alice, page), follow=True)
    assert "Nothing had changed" in response.content.decode()
    assert sheets.read(Key(lesson.school_id, lesson.pk)) is None


def test_late_with_minutes_follows_the_closing_time(
    alice: Client, page: str, lesson: Lesson, roster: list[int]
) -> None:
    late = {f"mark_{roster[0]}": "L", f"minutes_{roster[0]}": "7"}
    Lesson.objects.update(starts_at=timezone.now() - timedelta(minutes=7))
    alice.post(page, fill(alice, page, **late))
    assert marks(lesson) == {roster[0]: "L"}
    Lesson.objects.update(starts_at=timezone.now() - timedelta(minutes=31))
    alice.post(page, fill(alice, page, **{f"mark_{roster[1]}": "L"}))
    assert marks(lesson) == {roster[0]: "L", roster[1]: "U"}
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    assert sheet is not None and sheet["absences"][f"s{roster[0]}"]["minutes_late"] == 7


def test_a_taken_register_is_shown(alice: Client, page: str, roster: list[int]) -> None:
    alice.post(f"{page}complete", fill(alice, page, **{f"mark_{roster[0]}": "N"}))
    content = alice.get(page).content.decode()
    assert "Register taken" in content
    assert "by Alice Lee, Teacher" in content
    assert f"/lessons/{page.split('/')[2]}/amend/{roster[0]}" in content


def test_after_a_colleague_finished_a_mark_is_an_arrival(
    alice: Client, colleague: User, page: str, lesson: Lesson, roster: list[int]
) -> None:
    stale = fill(alice, page, **{f"mark_{roster[0]}": "L"})
    completion.complete(colleague, lesson.pk, now=timezone.now(), roster_seen=roster)
    assert "taken already" in alice.post(page, stale, follow=True).content.decode()
    assert (Amendment.objects.get().kind, Amendment.objects.get().student_id) == ("arrival", roster[0])


def test_what_the_office_gave_stays(alice: Client, office: User, page: str, lesson: Lesson, roster: list[int]) -> None:
    signed_in(office).put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}", {"code": "I"})
    assert "Illness" in alice.get(page).content.decode()
    wrong = fill(alice, page, **{f"minutes_{roster[1]}": "7"})
    assert "Illness" in alice.post(page, wrong).content.decode(), "also in a form that comes back"
    alice.post(f"{page}complete", fill(alice, page))
    assert [mark.code for mark in Mark.objects.all()] == ["I"]


def test_who_may_not(outsider: User, teacher: User, page: str, lesson: Lesson) -> None:
    charlie = browser(outsider)
    assert Client().post(page).headers["location"].startswith("/accounts/login/")
    assert charlie.get(page).status_code == 404
    assert charlie.post(page, {f"mark-{lesson.pk}": "N"}).status_code == 404
    assert sheets.read(Key(lesson.school_id, lesson.pk)) is None


@pytest.mark.parametrize("lesson_id", ["0", "x", str(2**63), "٣", "1.$set", "-1"])
def test_malformed_addresses_are_404(lesson_id: str, alice: Client) -> None:
    assert alice.get(f"/lessons/{lesson_id}/").status_code == 404


def test_wrong_method(alice: Client, page: str) -> None:
    assert alice.put(page).status_code == 405


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("mark", "Æ", "could not be read"),
        ("mark", "I", "could not be read"),
        ("mark", "N\0", "could not be read"),
        ("mark", "\ud800", "could not be read"),
        ("mark", "x" * 9999, "could not be read"),
        ("minutes", "-5", "whole number"),
        ("minutes", "٣", "whole number"),
        ("minutes", "9999999999999", "whole number"),
        ("seen", "$gt", "could not be read"),
    ],
)
def test_bad_input_comes_back_and_writes_nothing(
    field: str, value: str, says: str, alice: Client, page: str, lesson: Lesson, roster: list[int]
) -> None:
    good = {f"mark_{roster[0]}": "L", f"mark_{roster[1]}": "N"}
    sent: dict[str, Any] = fill(alice, page, **(good | {f"{field}_{roster[0]}": value}))
    encoded = "&".join(f"{name}={text}" for name, text in sent.items()).encode(errors="surrogatepass")
    response = alice.post(page, encoded, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 400
    assert says in response.content.decode()
    assert sheets.read(Key(lesson.school_id, lesson.pk)) is None


def test_a_stranger_in_the_form_writes_nothing(alice: Client, page: str, lesson: Lesson, roster: list[int]) -> None:
    stranger = StudentFactory.create().pk
    response = alice.post(page, fill(alice, page, **{f"mark_{roster[0]}": "N", f"mark_{stranger}": "N"}))
    assert response.status_code == 400
    assert "nothing was saved" in response.content.decode()
    assert marks(lesson) == {}


def test_not_yet_open_and_cancelled(alice: Client, page: str) -> None:
    Lesson.objects.update(starts_at=timezone.now() + timedelta(hours=3))
    assert "This register opens at" in alice.get(page).content.decode()
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    assert "was cancelled" in alice.get(page).content.decode()


@pytest.mark.parametrize("change", [{"status": "cancelled"}, {"starts_at": timezone.now() + timedelta(hours=3)}])
def test_what_offers_no_form_takes_none(
    change: dict[str, Any], alice: Client, page: str, lesson: Lesson, roster: list[int]
) -> None:
    sent = fill(alice, page, **{f"mark_{roster[0]}": "N"})
    Lesson.objects.update(**change)
    assert alice.post(page, sent).status_code == 409
    assert sheets.read(Key(lesson.school_id, lesson.pk)) is None


def test_minutes_alone_are_asked_about(alice: Client, page: str, lesson: Lesson, roster: list[int]) -> None:
    response = alice.post(page, fill(alice, page, **{f"minutes_{roster[0]}": "7", f"mark_{roster[1]}": "N"}))
    assert response.status_code == 400
    assert "clear the minutes" in response.content.decode()
    assert marks(lesson) == {}


def test_minutes_left_over_from_a_change_of_mind_are_dropped(
    alice: Client, page: str, lesson: Lesson, roster: list[int]
) -> None:
    alice.post(page, fill(alice, page, **{f"mark_{roster[0]}": "N", f"minutes_{roster[0]}": "7"}))
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    assert sheet is not None and sheet["absences"][f"s{roster[0]}"]["minutes_late"] is None


def test_store_down_is_a_page_that_says_so(mongodb_down: None, alice: Client, page: str, roster: list[int]) -> None:
    for method, sent in (("GET", {}), ("POST", {f"mark-{roster[0]}": "N"})):
        response = alice.generic(method, page, urlencode(sent), content_type="application/x-www-form-urlencoded")
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert "Nothing that you entered is lost" in response.content.decode()


def test_a_taken_register_needs_no_store_of_absences(
    alice: Client, page: str, mongodb_down: None, lesson: Lesson, roster: list[int]
) -> None:
    take(lesson)
    assert "Register taken" in alice.get(page).content.decode()


def test_what_could_not_be_taken_in_is_shown_by_name(alice: Client, page: str, lesson: Lesson) -> None:
    take(lesson)
    stranger = StudentFactory.create(school=lesson.school, legal_name="Zoë Quiller-Couch")
    reject(lesson, stranger)
    content = alice.get(page).content.decode()
    assert "Zoë Quiller-Couch" in content
    assert "Not on the roster" in content


def test_the_page_for_thirty_costs_seven_statements_and_one_command(
    school: School, teacher: User, alice: Client, commands: list[str]
) -> None:
    big = due_today(school, teacher, students=30)
    with CaptureQueriesContext(connection) as queries:
        assert alice.get(f"/lessons/{big.pk}/").status_code == 200
    assert len(queries) <= 7, "\n".join(statements(queries))
    assert commands == ["find"]
