"""Pages as a browser without JavaScript uses them: forms are sent with all their fields."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.test.utils import CaptureQueriesContext

from lessons.models import User


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
