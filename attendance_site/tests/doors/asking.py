"""Requests to every address as every kind of user, each undone before the next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymongo.monitoring
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from absences.reporting import revocations
from absences.store import mongo
from absences.store.documents import Sheet
from attendance_site.tests.doors.bodies import body, is_of_taken
from attendance_site.tests.doors.world import Place

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REPORTING = "api/v1/lessons/<id:lesson>/absences"  # checked at completion: an id of another school is as good as any


def routes() -> list[tuple[str, str]]:
    """Returns every address of the API and the pages, as (pattern, method). An API address has the methods of its view;
    a page has GET and POST."""
    found: list[tuple[str, str]] = []
    for pattern, view in _views(get_resolver(), ""):
        cls = getattr(view, "view_class", None) or getattr(view, "cls", None)
        api = pattern.startswith("api/v1/")
        methods = [method for method in METHODS if hasattr(cls, method.lower())] if api else METHODS[:2]
        found += [(pattern, method) for method in methods]
    return found


def _views(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield route, each.callback
        elif route != "admin/":  # tested by itself
            yield from _views(each, route)


class Writes(pymongo.monitoring.CommandListener):
    """Counts commands that may write to MongoDB, so that requests that only read need not be undone."""

    READING = ("find", "getMore", "hello", "ping", "endSessions")
    count = 0
    heard = False

    def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
        self.heard = True
        self.count += event.command_name not in self.READING

    def succeeded(self, event: object) -> None:
        pass

    def failed(self, event: object) -> None:
        pass


class Sheets:
    """All sheets, read again only after a write."""

    def __init__(self) -> None:
        self.found: list[Sheet] = []
        self.after = -1  # this many writes

    def read(self) -> list[Sheet]:
        if self.after != WRITES.count:
            self.after, self.found = WRITES.count, list(mongo.sheets().find())
            assert WRITES.heard, "the product's client was made before this module was loaded"
        return self.found


WRITES, SHEETS = Writes(), Sheets()
pymongo.monitoring.register(WRITES)


@contextmanager
def undone() -> Iterator[None]:
    """Undoes everything that happens inside, in both stores."""
    sheets = SHEETS.read()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    if SHEETS.read() != sheets:
        mongo.sheets().delete_many({})
        mongo.sheets().insert_many(sheets)
    revocations.forget()


def ask(client: Client, pattern: str, method: str, place: Place, *, query: str = "", **places: int) -> Any:
    path = place.address(pattern, is_of_taken(pattern))
    if places:
        path = Unknown(place, **places).address(pattern)
    path += query
    sent: dict[str, Any] = {}
    if method in ("POST", "PUT") and pattern.startswith("api/v1/"):
        sent = {"data": json.dumps(body(pattern, method, place)), "content_type": "application/json"}
    with same_cookies(client):
        return getattr(client, method.lower())(path, **sent)


@contextmanager
def same_cookies(client: Client) -> Iterator[None]:
    """Keeps the client's cookies, so that a user who signs out is signed in again."""
    cookies: Any = client.cookies.copy()
    yield
    client.cookies = cookies


class Unknown:
    """Addresses with ids that do not exist."""

    def __init__(self, place: Place, *, value: int) -> None:
        self.value = value

    def address(self, pattern: str) -> str:
        for name in ("<id:lesson>", "<id:student>", "<id:plan>", "<id:notice>"):
            pattern = pattern.replace(name, str(self.value))
        return f"/{pattern.replace('<slug:sid>', '0' * 24)}"
