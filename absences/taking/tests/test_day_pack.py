"""The data that a device keeps, so that registers can be taken offline."""

import gzip
import json
import re
from datetime import time
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from absences.reporting import service, tickets
from absences.store.reports import Report
from absences.taking import day_pack
from absences.tests.api import due_today
from absences.tests.pages import browser, statements
from lessons.factories import MembershipFactory, PlannedAbsenceFactory
from lessons.models import Lesson, Role, School, Student, User
from lessons.tests.registers import take

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


def pack(user: User) -> Any:
    answer = browser(user).get("/day-pack")
    assert answer.status_code == 200
    return answer.json()


def test_it_has_what_the_register_shows(teacher: User, lesson: Lesson, students: list[Student]) -> None:
    ava, ben, *_ = students
    PlannedAbsenceFactory.create(student=ava, first_day=lesson.date, reason="Dentist")
    given = pack(teacher)
    [only] = given["lessons"]
    assert (given["user"], only["id"], only["state"]) == (teacher.pk, lesson.pk, "due")
    planned = {each["id"]: each.get("plan") for each in only["roster"]}
    assert planned[ava.pk] == {"code": "M", "word": "Medical or dental appointment"}
    assert (len(planned), planned[ben.pk], only["marks"]) == (4, None, [])
    assert only["starts"] < only["closes"] < only["ends"] <= given["ends"]


def test_its_ticket_reports(teacher: User, lesson: Lesson, students: list[Student]) -> None:
    [only] = pack(teacher)["lessons"]
    path = f"/api/v1/lessons/{lesson.pk}/absences/{students[0].pk}"
    bearer = {"authorization": f"Bearer {only['ticket']}"}
    assert Client(headers=bearer).put(path, "{}", content_type="application/json").status_code == 202
    [mark] = pack(teacher)["lessons"][0]["marks"]
    assert (mark["student_id"], mark["code"], mark["reported_by"]["id"]) == (students[0].pk, "N", teacher.pk)


def test_it_is_sent_once(teacher: User, colleague: User, lesson: Lesson, students: list[Student], now: Any) -> None:
    alice = browser(teacher)
    tag = alice.get("/day-pack").headers["ETag"]
    again = alice.get("/day-pack", headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    claims = tickets.claims_for(teacher, lesson, [each.pk for each in students], now)
    service.report(claims, lesson.pk, [Report(student_id=students[0].pk, code="N")], now)
    assert alice.get("/day-pack", headers={"if-none-match": tag}).status_code == 200


def test_a_taken_lesson_says_so(teacher: User, lesson: Lesson) -> None:
    take(lesson)
    [only] = pack(teacher)["lessons"]
    assert (only["state"], only["marks"]) == ("completed", [])
    assert only["taken"]


def test_it_is_ones_own(teacher: User, colleague: User, outsider: User, lesson: Lesson) -> None:
    assert pack(colleague)["lessons"] == pack(outsider)["lessons"] == []


def test_nobody_gets_none() -> None:
    assert Client().get("/day-pack").status_code == Client().get("/session").status_code == 401


def test_without_the_store_it_lacks_marks_and_says_so(teacher: User, lesson: Lesson, mongodb_down: None) -> None:
    found = pack(teacher)
    [only] = found["lessons"]
    assert (len(only["roster"]), only["marks"], found["unknown"]) == (4, [], True)


def test_six_lessons_of_thirty_are_small_and_asked_in_few_statements(
    school: School, teacher: User, commands: list[str]
) -> None:
    hours = [{"start_time": time(8 + hour), "end_time": time(8 + hour, 50)} for hour in range(6)]
    for hour in hours:
        due_today(school, teacher, students=30, **hour)
    alice = browser(teacher)
    with CaptureQueriesContext(connection) as queries:
        answer = alice.get("/day-pack")
    assert len(statements(queries)) <= 7, "\n".join(statements(queries))
    assert commands == ["find"]
    assert [len(each["roster"]) for each in answer.json()["lessons"]] == [30] * 6
    assert len(gzip.compress(answer.content)) <= 40 * 1024


def test_the_session_says_who(teacher: User) -> None:
    known = browser(teacher).get("/session").json()
    assert known["user"] == teacher.pk
    assert known["csrf"]


def test_shells_hold_nobody(teacher: User, lesson: Lesson, students: list[Student]) -> None:
    alice = browser(teacher)
    for path in ("/shell/register", "/shell/today"):
        content = alice.get(path).content.decode()
        assert not any(each.name in content for each in students)
        assert f'"user": {teacher.pk}' in content


def test_everything_that_is_kept_is_there(teacher: User, lesson: Lesson) -> None:
    alice = browser(teacher)
    shell = pack(teacher)["shell"]
    assert json.dumps(shell["version"]) in alice.get("/shell/register").content.decode()
    for path in shell["urls"]:
        answer = alice.get(path)
        assert answer.status_code == 200
        answer.close()


def test_the_worker_speaks_for_every_address() -> None:
    answer = Client().get("/service-worker.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert b'addEventListener("fetch"' in answer.content


def test_who_works_in_two_schools_has_the_lessons_of_both(teacher: User, lesson: Lesson, outsider: User) -> None:
    other = next(iter(outsider.access.acting.values())).school
    MembershipFactory.create(user=teacher, school=other, role=Role.TEACHER)
    theirs = due_today(other, teacher)
    given = pack(teacher)
    assert {each["id"] for each in given["lessons"]} == {lesson.pk, theirs.pk}
    assert given["school"] == f"{lesson.school.name}, {other.name}"


@pytest.mark.parametrize("script", ["device.js", "service-worker.js"])
def test_devices_keep_no_other_format(script: str) -> None:
    """An older format may hold data that no device may keep any more, so both scripts delete such a pack."""
    source = (settings.BASE_DIR / "absences/static/absences" / script).read_text()
    assert re.findall(r"const FORMAT = (\d+);", source) == [str(day_pack.FORMAT)]
    assert "found.format === FORMAT" in source


def test_devices_forget_at_the_same_answers() -> None:
    """The worker cannot import a page's modules, so both scripts list the statuses at which nothing may be kept."""
    folder = settings.BASE_DIR / "absences/static/absences"
    sources = [(folder / script).read_text() for script in ("device.js", "service-worker.js")]
    assert [re.findall(r"const LOST = \[([^]]+)\];", source) for source in sources] == [["401, 403, 404"]] * 2
    assert all("LOST.includes(" in source for source in sources)
