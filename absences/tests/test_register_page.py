"""The register as a plain form, without JavaScript."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pymongo.monitoring
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences import completion, mongo, sheets
from absences.sheets import Key
from absences.tests.api import due_today, signed_in
from absences.tests.pages import browser, fill
from lessons.factories import EnrolmentFactory, StudentFactory
from lessons.models import Amendment, Lesson, LessonStaff, Mark, Register, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def page(lesson: Lesson) -> str:
    return f"/lessons/{lesson.pk}/"


@pytest.fixture
def alice(teacher: User) -> Client:
    return browser(teacher)


def marks(lesson: Lesson) -> dict[int, str]:
    sheet = sheets.read(Key(lesson.school_id, lesson.pk)) or {}
    return {mark["student"]: mark["code"] for mark in sheets.standing_marks(sheet)}


def test_nobody_is_marked_at_first(alice: Client, page: str, roster: list[int]) -> None:
    content = alice.get(page).content.decode()
    assert "checked" not in content
    assert re.search(r"of\s+4 marked", content)
    assert all(f'name="mark-{pk}"' in content for pk in roster)


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


def test_finishing_carries_the_marks(alice: Client, page: str, lesson: Lesson, roster: list[int]) -> None:
    sent = fill(alice, page, **{f"mark_{roster[0]}": "N", f"mark_{roster[1]}": "N"})
    response = alice.post(f"{page}complete", sent, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "2 present, 2 absent" in response.content.decode()
    assert (Register.objects.get().unstated, Mark.objects.count()) == ([], 2)
    assert Register.objects.get().source == "page"


def test_finishing_twice_is_one_register(alice: Client, page: str, roster: list[int]) -> None:
    sent = fill(alice, page, **{f"mark_{roster[0]}": "N"})
    for _ in range(2):
        assert alice.post(f"{page}complete", sent).status_code == 302
    assert Register.objects.count() == 1
    assert not Amendment.objects.exists()


def test_who_was_not_on_the_page_is_unstated(alice: Client, page: str, lesson: Lesson) -> None:
    sent = fill(alice, page)
    joined = EnrolmentFactory.create(group=lesson.group).student_id
    alice.post(f"{page}complete", sent)
    assert Register.objects.get().unstated == [joined]


def test_a_taken_register_is_shown(alice: Client, page: str, roster: list[int]) -> None:
    alice.post(f"{page}complete", fill(alice, page, **{f"mark_{roster[0]}": "N"}))
    content = alice.get(page).content.decode()
    assert "Register taken" in content
    assert "by Alice Lee, Teacher" in content
    assert f"/lessons/{page.split('/')[2]}/amend/{roster[0]}" in content


def test_a_stale_page_never_overwrites_a_colleague(
    alice: Client, colleague: User, page: str, lesson: Lesson, roster: list[int]
) -> None:
    stale = fill(alice, page, **{f"mark_{roster[0]}": "N", f"mark_{roster[1]}": "N"})
    bob = browser(colleague)
    bob.post(page, fill(bob, page, **{f"mark_{roster[0]}": "L"}))
    for path in (page, f"{page}complete"):
        response = alice.post(path, stale)
        assert response.status_code == 409
        assert "Bob Nowak marked" in response.content.decode()
    assert marks(lesson) in ({roster[0]: "L", roster[1]: "N"}, {roster[0]: "U", roster[1]: "N"})
    assert not Register.objects.exists()


def test_after_a_colleague_finished_a_mark_is_an_arrival(
    alice: Client, colleague: User, page: str, lesson: Lesson, roster: list[int]
) -> None:
    stale = fill(alice, page, **{f"mark_{roster[0]}": "L"})
    completion.complete(colleague, lesson.pk, now=timezone.now(), roster_seen=roster)
    assert alice.post(page, stale).status_code == 302
    assert (Amendment.objects.get().kind, Amendment.objects.get().student_id) == ("arrival", roster[0])


def test_a_colleague_takes_it_as_cover(colleague: User, page: str, lesson: Lesson) -> None:
    bob = browser(colleague)
    assert "Cover for Alice Lee" in bob.get(page).content.decode()
    bob.post(f"{page}complete", fill(bob, page))
    assert LessonStaff.objects.get(user=colleague).kind == "cover"


def test_what_the_office_gave_stays(alice: Client, office: User, page: str, lesson: Lesson, roster: list[int]) -> None:

    signed_in(office).put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}", {"code": "I"})
    assert "Illness" in alice.get(page).content.decode()
    alice.post(f"{page}complete", fill(alice, page))
    assert [mark.code for mark in Mark.objects.all()] == ["I"]


def test_who_may_not(outsider: User, teacher: User, page: str, lesson: Lesson) -> None:
    nobody, charlie = Client(), browser(outsider)
    for path in (page, f"{page}complete"):
        assert nobody.post(path).headers["location"].startswith("/accounts/login/")
        assert charlie.post(path, {"roster_seen": ""}).status_code == 404
    assert charlie.get(page).status_code == 404
    assert sheets.read(Key(lesson.school_id, lesson.pk)) is None


@pytest.mark.parametrize("lesson_id", ["0", "x", str(2**63), "٣", "1.$set", "-1"])
def test_malformed_addresses_are_404(lesson_id: str, alice: Client) -> None:
    assert alice.get(f"/lessons/{lesson_id}/").status_code == 404


def test_wrong_methods(alice: Client, page: str) -> None:
    assert alice.get(f"{page}complete").status_code == 405
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
    assert alice.post(f"{page}complete").status_code == 409
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    assert "was cancelled" in alice.get(page).content.decode()
    assert not Register.objects.exists()


def test_store_down_is_a_page_that_says_so(mongodb_down: None, alice: Client, page: str) -> None:
    for response in (alice.get(page), alice.post(f"{page}complete", {"roster_seen": ""})):
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert "Nothing that you entered is lost" in response.content.decode()


class Commands(pymongo.monitoring.CommandListener):
    """What is asked of the store while `on`; PyMongo keeps its listeners for ever."""

    on = False
    seen: list[str] = []  # noqa: RUF012

    def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
        if self.on and event.command_name not in ("hello", "ping", "endSessions"):
            self.seen.append(event.command_name)

    def succeeded(self, event: object) -> None:
        pass

    def failed(self, event: object) -> None:
        pass


LISTENER = Commands()
pymongo.monitoring.register(LISTENER)


@pytest.fixture
def commands() -> Iterator[list[str]]:
    mongo.close()  # a client listens from when it is made
    mongo.ping()
    LISTENER.seen.clear()
    LISTENER.on = True
    yield LISTENER.seen
    LISTENER.on = False


def statements(queries: CaptureQueriesContext) -> list[str]:
    transaction = ("BEGIN", "BEGIN IMMEDIATE", "COMMIT")
    return [query["sql"] for query in queries if query["sql"] not in transaction]


def test_the_page_for_thirty_costs_six_statements_and_one_command(
    school: School, teacher: User, alice: Client, commands: list[str]
) -> None:
    big = due_today(school, teacher, students=30)
    with CaptureQueriesContext(connection) as queries:
        assert alice.get(f"/lessons/{big.pk}/").status_code == 200
    assert len(queries) <= 6, "\n".join(statements(queries))
    assert commands == ["find"]


@pytest.mark.parametrize("size", [5, 60])
def test_finishing_costs_at_most_twelve_statements(
    size: int, school: School, teacher: User, alice: Client, commands: list[str]
) -> None:
    some = due_today(school, teacher, students=size)
    page = f"/lessons/{some.pk}/"
    absent = some.group.enrolments.values_list("student", flat=True)[: size // 2]
    sent = fill(alice, page, **{f"mark_{pk}": "N" for pk in absent})
    commands.clear()
    with CaptureQueriesContext(connection) as queries:
        assert alice.post(f"{page}complete", sent).status_code == 302
    assert len(statements(queries)) <= 12, "\n".join(statements(queries))
    assert commands == ["update", "findAndModify", "update"]
