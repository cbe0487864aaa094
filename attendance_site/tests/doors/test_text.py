"""Text that people enter stays text wherever it is shown."""

import csv
import io
from typing import Any

import pytest
from django.utils import timezone

from absences.registers import completion
from absences.reporting import service, tickets
from absences.store.reports import Report
from attendance_site.tests.doors.asking import ask, routes, undone
from attendance_site.tests.doors.test_admin import MODELS, of, url
from attendance_site.tests.doors.world import World, with_session, with_token
from lessons.database.purge import lawful_purge
from lessons.models import Amendment, Group, Lesson, Mark, School, Student, User

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = "\" onmouseover=alert(1) x='"
TEMPLATE = "{{ request }}{% now 'Y' %}"
FORMULA = "=HYPERLINK(1)"
HOSTILE = f"{FORMULA}{SCRIPT}{ATTRIBUTE}{TEMPLATE}"


@pytest.fixture
def world() -> World:
    """Returns a world in which every text is hostile."""
    world = World()
    place = world.own
    claims = tickets.claims_for(place.teacher, place.due, [place.student.pk], timezone.now())
    said = Report(student_id=place.student.pk, code="N", note=HOSTILE)
    service.report(claims, place.due.pk, [said], timezone.now())
    text = HOSTILE[:90]
    Student.objects.update(legal_name=HOSTILE, preferred_name=HOSTILE, sort_name=HOSTILE)
    User.objects.update(name=HOSTILE)
    School.objects.update(name=HOSTILE, amendment_reasons=text)
    Group.objects.update(name=text)
    Lesson.objects.update(subject=text, room=HOSTILE[:50])
    with lawful_purge("Hostile texts for a test"):
        Mark.objects.update(note=HOSTILE, by_name=HOSTILE, by_position=text)
        Amendment.objects.update(reason=HOSTILE, by_name=HOSTILE, by_position=text)
    completion.complete(User.objects.get(pk=place.teacher.pk), place.due.pk, now=timezone.now())
    return world


def is_text(page: str, path: str) -> int:
    """Returns how often the hostile text is shown; fails if a tag or an attribute (`" on`) comes through unescaped."""
    assert SCRIPT not in page and "<script>alert" not in page, path
    assert ATTRIBUTE not in page, path
    return page.count("alert(1)")


def test_on_every_page(world: World) -> None:
    shown = 0
    for name in ("teacher", "office", "operator"):
        client = with_session(User.objects.get(pk=world.users[name].pk))
        for pattern, method in routes():
            if (
                method == "GET"
                and not pattern.startswith(("api/", "accounts/logout", "stats"))
                and not pattern.endswith(".csv")
            ):
                with undone():
                    answer = ask(client, pattern, method, world.own)
                if answer.headers.get("Content-Type", "").startswith("text/html"):
                    shown += is_text(answer.content.decode(), pattern)
    page = client.get("/stats", headers={"accept": "text/html"})
    assert shown + is_text(page.content.decode(), "stats") > 30


def test_in_the_admin(world: World) -> None:
    ada, shown = with_session(world.users["admin"]), 0
    for model in MODELS:
        row = of(world, model, world.own)
        pages = [
            url(model, "changelist"),
            *(url(model, page, row.pk) for page in ("change", "delete", "history") if row),
        ]
        for path in pages:
            shown += is_text(ada.get(path).content.decode(), path)
    assert shown > 30


def test_in_json_and_in_spreadsheets(world: World) -> None:
    api = with_token(world.token(User.objects.get(pk=world.users["office"].pk)))
    for pattern, method in routes():
        if method == "GET" and pattern.startswith("api/v1/"):
            told = ask(api, pattern, method, world.own)
            assert told["Content-Type"] == "application/json" and told["X-Content-Type-Options"] == "nosniff"
    session = with_session(User.objects.get(pk=world.users["office"].pk))
    found: list[Any] = []
    for path in (
        f"/lessons/{world.own.taken.pk}/evidence.csv",
        f"/students/{world.own.student.pk}/evidence.csv",
        "/stats?format=csv",
    ):
        answer: Any = session.get(path)
        text = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()
        found += [cell for row in csv.reader(io.StringIO(text)) for cell in row if "HYPERLINK" in cell]
    assert len(found) > 3 and not [cell for cell in found if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
