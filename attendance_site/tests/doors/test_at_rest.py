"""Neither store holds anything that its reader could sign in with: no cookie, token, secret or key."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.test import Client

from absences.store import mongo
from attendance_site.tests.doors.world import World
from lessons.accounts import tokens
from lessons.factories import CLIENT_SECRET
from lessons.hashing import hash_secret
from lessons.models import ApiClient, BrowserSession, KeptAnswer, RefreshToken

pytestmark = pytest.mark.django_db

PASSWORD, SUPPLIED_KEY = "correct horse battery", "0f2c9e51-chosen-by-the-sender"
TABLE = Path(settings.BASE_DIR, "SECURITY.md").read_text().split("## What is stored")[-1].split("\n## ")[0]


@dataclass
class Presented:
    """The secrets that users presented while they signed in and worked, by name."""

    world: World = field(default_factory=World)
    shown: dict[str, str] = field(default_factory=dict)

    def by_browser(self) -> None:
        browser = Client(enforce_csrf_checks=True)
        form = {"username": self.world.own.office.username, "password": PASSWORD}
        page = browser.get("/accounts/login/").content.decode()
        self.shown["token of the form"] = form["csrfmiddlewaretoken"] = _form_token(page)
        assert browser.post("/accounts/login/", form).status_code == 302
        self.shown["token of a form inside"] = _form_token(browser.get("/accounts/sessions/").content.decode())
        self.shown |= {f"cookie {name}": cookie.value for name, cookie in browser.cookies.items()}

    def by_program(self) -> None:
        name = self.world.own.teacher.username
        first = self._post("/api/v1/token", {"username": name, "password": PASSWORD})
        second = self._post("/api/v1/token/refresh", {"refresh": first["refresh"]})
        for place, pair in (("first", first), ("second", second)):
            self.shown |= {f"{place} {kind}": token for kind, token in pair.items()}
            claims = tokens.verify(pair["refresh"], "refresh")
            self.shown |= {f"{place} {name}": claims[name] for name in ("family", "jti")}
        self._report(second["access"])

    def by_client(self) -> None:
        client = ApiClient.objects.get(user=self.world.users["client"])
        secrets = {"client_id": client.client_id, "client_secret": CLIENT_SECRET}
        self.shown |= {"client secret": CLIENT_SECRET, "client access": self._post("/api/v1/token", secrets)["access"]}

    def by_key(self) -> None:
        """Sends an amendment that may be repeated."""
        world = self.world
        path = f"/api/v1/lessons/{world.own.taken.pk}/register/amendments"
        body = {"student_id": world.own.student.pk, "code": "/", "reason": "Came"}
        access = self._post("/api/v1/token", {"username": world.own.office.username, "password": PASSWORD})["access"]
        self._post(path, body, {"authorization": f"Bearer {access}", "idempotency-key": SUPPLIED_KEY})
        self.shown |= {"office access": access, "idempotency key": SUPPLIED_KEY}

    def _report(self, access: str) -> None:
        """Reports with a ticket, so that the document store holds what a ticket leaves there."""
        path = f"/api/v1/lessons/{self.world.own.due.pk}"
        ticket = Client(headers={"authorization": f"Bearer {access}"}).get(path).json()["ticket"]
        body, said = {"code": "N"}, {"authorization": f"Bearer {ticket}"}
        path = f"{path}/absences/{self.world.own.student.pk}"
        assert Client().put(path, body, content_type="application/json", headers=said).status_code == 202
        self.shown["ticket"] = ticket

    def _post(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        answer = Client().post(path, body, content_type="application/json", headers=headers or {})
        assert answer.status_code in (200, 201), answer.content
        return answer.json()


def _form_token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    return found[1]


@pytest.fixture
def shown() -> dict[str, str]:
    presented = Presented()
    for user in (presented.world.own.office, presented.world.own.teacher):
        user.set_password(PASSWORD)
        user.save()
    presented.by_browser()
    presented.by_program()
    presented.by_client()
    presented.by_key()
    return presented.shown | {"password": PASSWORD}


def stored() -> str:
    """Returns every row of every table, ours or not, and every document."""
    lines = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  (a name of the database)
            lines += [f"{table}: {row}" for row in cursor.fetchall()]
    for name in mongo.database().list_collection_names():
        lines += [f"{name}: {document}" for document in mongo.database()[name].find()]
    return "\n".join(lines)


def test_nothing_that_was_presented_is_stored(shown: dict[str, str]) -> None:
    kinds = {"cookie sessionid", "cookie csrftoken", "cookie device", "first refresh", "second jti", "ticket"}
    assert kinds <= shown.keys()
    parts = {(name, part) for name, value in shown.items() for part in (value, *value.split("."), *value.split(":"))}
    text = stored()
    assert hash_secret(shown["cookie sessionid"]) in text, "the row of the session was read"
    assert '"code": "N"' in text or "'code': 'N'" in text, "and the documents"
    assert {name for name, part in parts if len(part) >= 12 and part in text} == set()


SMELLS = re.compile("key|token|secret|password|hash|jti|family|nonce|cookie|session_|sid|credential|standing|client_id")


def test_every_column_that_could_open_something_is_told_of(shown: dict[str, str]) -> None:
    """A column counts by its name, or because its values look random. `SECURITY.md` says what each holds; add a row
    there."""
    smelling = {_name(column) for column in text_columns() if SMELLS.search(column.name) or looks_random(column)}
    named = set(re.findall(r"`(\w+\.\w+)`", TABLE))
    assert smelling - named == set(), "columns that SECURITY.md does not mention"
    assert named - {_name(column) for column in text_columns()} == set(), "columns that are gone"
    assert {_name(model._meta.get_field(name)) for model, name in HASHED} <= smelling


HASHED: tuple[tuple[type[models.Model], str], ...] = (
    *((BrowserSession, "session_key"), (RefreshToken, "family"), (RefreshToken, "jti")),
    *((ApiClient, "secret_hash"), (KeptAnswer, "key")),
)


def test_what_is_hashed_is_hashed(shown: dict[str, str]) -> None:
    for model, name in HASHED:
        kept = set(model._default_manager.values_list(name, flat=True))
        assert kept and all(re.fullmatch("[0-9a-f]{64}", value) for value in kept), (model, name)
        assert f"| `{_name(model._meta.get_field(name))}` | SHA-256 |" in TABLE, (model, name)


def text_columns() -> Iterator[Any]:
    for model in apps.get_models():
        kinds = (models.CharField, models.TextField, models.JSONField)
        yield from (column for column in model._meta.concrete_fields if isinstance(column, kinds))


def _name(column: Any) -> str:
    return f"{column.model.__name__}.{column.name}"


def looks_random(column: Any) -> bool:
    """Returns whether a value is one word of at least 12 characters with many different letters and digits."""
    values = map(str, column.model._default_manager.values_list(column.name, flat=True)[:50])
    return any(
        re.fullmatch(r"(?=.*\d)(?=.*[A-Za-z])[\w:.$=,+/-]{12,}", value) and _bits(value) > 3.2 for value in values
    )


def _bits(value: str) -> float:
    """Returns the entropy of each character in bits, judged by this value alone."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
