"""The files that a piece of work runs through: those that `docs/architecture.md` names, and no more than it says."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from absences.tests.api import due_today, signed_in, with_ticket
from attendance_site.tests.ways import ROOT, Way, walked
from lessons.models import Lesson, School, User

PAGE = (ROOT / "docs/architecture.md").read_text()


@pytest.fixture
def today(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


def named(title: str) -> list[str]:
    """Returns the files in the table under a heading of the page, in their order."""
    [section] = re.findall(rf"^### {title}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return re.findall(r"^\| \[([\w/.]+)\]", section, re.MULTILINE)


def once_warm(ask: Callable[[], Any]) -> Way:
    """Returns the way of the second request: what is made only once is made by then."""
    ask()
    with walked() as way:
        answer = ask()
    assert answer.status_code in (200, 202), answer.content
    print(f"\n{len(way.files)} files, {way.switches} switches: {' '.join(way.files)}")
    return way


def report(today: Lesson, teacher: User, **_: Any) -> Way:
    roster = [student.pk for student in today.enrolled()]
    api, path = with_ticket(teacher, today, roster), f"/api/v1/lessons/{today.pk}/absences/{roster[0]}"
    return once_warm(lambda: api.put(path, {"code": "N"}))


def completion(today: Lesson, school: School, teacher: User, **_: Any) -> Way:
    lessons = [today, due_today(school, teacher)]
    for each in lessons:
        roster = [student.pk for student in each.enrolled()]
        with_ticket(teacher, each, roster).put(f"/api/v1/lessons/{each.pk}/absences/{roster[0]}", {"code": "N"})
    api, waiting = signed_in(teacher), iter(lessons)
    return once_warm(lambda: api.post(f"/api/v1/lessons/{next(waiting).pk}/complete", {"others": "present"}))


def register_page(today: Lesson, teacher: User, client: Client, **_: Any) -> Way:
    client.force_login(teacher)
    return once_warm(lambda: client.get(f"/lessons/{today.pk}/"))


def statistic(office: User, **_: Any) -> Way:
    api = signed_in(office)
    return once_warm(lambda: api.get("/api/v1/stats"))


@pytest.mark.parametrize(
    ("title", "walk", "files", "switches"),
    [
        ("A report", report, 18, 39),
        ("A completion", completion, 35, 144),
        ("The register page", register_page, 32, 113),
        ("A statistic", statistic, 24, 43),
    ],
)
def test_the_way_is_the_documented_one_and_no_longer(
    title: str,
    walk: Callable[..., Way],
    files: int,
    switches: int,
    today: Lesson,
    school: School,
    teacher: User,
    office: User,
    client: Client,
) -> None:
    way = walk(today=today, school=school, teacher=teacher, office=office, client=client)
    always = named("Every request")
    assert [file for file in way.files if file not in always] == named(title)
    assert (len(way.files) <= files, way.switches <= switches) == (True, True)
