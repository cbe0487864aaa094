"""Pages as a browser without JavaScript uses them: forms are sent with all their fields."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences.store import sheets
from absences.store.marks import current_marks
from absences.store.sheets import Key
from lessons.calendar import school_time
from lessons.models import Lesson, User


def browser(user: User) -> Client:
    """Returns a signed-in client."""
    client = Client()
    client.force_login(user)
    return client


class Form(HTMLParser):
    """The fields of a page's form, with their current values."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag != "input" or not name or (given.get("type") == "radio" and "checked" not in given):
            return
        self.fields[name] = given.get("value") or ""


def fill(client: Client, path: str, **changes: Any) -> dict[str, str]:
    """Returns what the form of a page sends, with some fields changed; `mark_7="N"` stands for `mark-7`."""
    fields = Form(client.get(path).content).fields
    return fields | {name.replace("_", "-", 1): str(value) for name, value in changes.items()}


def statements(queries: CaptureQueriesContext) -> list[str]:
    """Returns the SQL statements, without those that begin and end transactions."""
    transaction = ("BEGIN", "BEGIN IMMEDIATE", "COMMIT")
    return [query["sql"] for query in queries if query["sql"] not in transaction]


def marks(lesson: Lesson) -> dict[int, str]:
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    return {mark["student"]: mark["code"] for mark in current_marks(sheet)}


def move_to_tokyo(lesson: Lesson) -> None:
    """Where it may be tomorrow already: the lesson is of that day."""
    school = lesson.school
    school.time_zone = "Asia/Tokyo"
    school.save()
    lesson.date = school_time.local_date(school.time_zone, timezone.now())
    lesson.set_instants().save()
