"""Every address, as every kind of user, with ids of both schools."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from attendance_site.tests.doors import page
from attendance_site.tests.doors.asking import REPORTING, ask, routes, undone
from attendance_site.tests.doors.world import FOREIGN, PUPIL, UNKNOWN, World, with_session, with_token
from attendance_site.tests.urls import patterns
from lessons.models import Scope

pytestmark = [pytest.mark.django_db, pytest.mark.longest]

DOCS = settings.BASE_DIR / "docs" / "access.md"
API = [(pattern, method) for pattern, method in routes() if pattern.startswith("api/v1/")]
PAGES = [(pattern, method) for pattern, method in routes() if not pattern.startswith("api/v1/")]
OWN = ("teacher", "colleague", "office", "admin", "integrator", "client", "operator")
OTHERS = ("outsider", "foreign office", "foreign client")
API_COLUMNS = ("nobody", "ticket", *OWN, "scope", "foreign")
PUBLIC = (
    "healthz",
    "readyz",
    "service-worker.js",
    ".well-known/jwks.json",
    "accounts/login/",
    "api/schema",
    "api/docs",
)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def tokens(world: World) -> dict[str, str]:
    return {name: world.token(user) for name, user in world.users.items()}


def shown(answer: Any) -> str:
    """Returns the status, and says whether a 302 leads to sign-in."""
    to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
    return "sign in" if to_sign_in else str(answer.status_code)


def told_apart(answer: Any, name: str) -> None:
    """Checks that an answer shows nothing of the other school, no pupil to an operator, and no server error."""
    text = b"" if answer.streaming else answer.content
    assert answer.status_code < 500, (name, answer.status_code, text[:300])
    if name not in OTHERS:
        assert FOREIGN.encode() not in text, name
    if name == "operator":
        assert PUPIL.encode() not in text


def test_every_address_is_asked() -> None:
    """Every address of the product; those of the admin are tested in `test_admin.py`."""
    walked = {pattern for pattern, _ in routes()}
    assert {pattern for pattern in patterns() if not pattern.startswith("admin/")} == walked
    assert {pattern for pattern, _ in API} == {pattern for pattern in walked if pattern.startswith("api/v1/")}


def api_rows(world: World, tokens: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    clients = {name: with_token(token) for name, token in tokens.items()}
    clients |= {"nobody": with_token(None), "ticket": with_token(world.ticket)}
    lacking = {scope: with_token(world.token(user)) for scope, user in world.lacking.items()}
    for pattern, method in API:
        cells, foreign = [], set()
        for name in ("nobody", "ticket", *OWN):
            cells.append(answered(clients[name], pattern, method, world, name))
        needed = [scope for scope in Scope if _status(lacking[scope], pattern, method, world) == 403]
        for name in OTHERS if "<id:" in pattern else ():
            foreign.add(answered(clients[name], pattern, method, world, name))
        yield f"{method} `/{pattern}`", [*cells, ", ".join(needed), ", ".join(sorted(foreign))]


def _status(client: Client, pattern: str, method: str, world: World) -> int:
    with undone():
        return int(ask(client, pattern, method, world.own).status_code)


def answered(client: Client, pattern: str, method: str, world: World, name: str) -> str:
    with undone():
        answer = ask(client, pattern, method, world.own)
        told_apart(answer, name)
        return shown(answer)


def page_rows(world: World) -> Iterator[tuple[str, list[str]]]:
    clients = {name: with_session(world.users.get(name)) for name in ("nobody", *OWN, *OTHERS)}
    for pattern, method in PAGES:
        cells = [answered(clients[name], pattern, method, world, name) for name in ("nobody", *OWN)]
        if set(cells) == {"405"}:
            continue
        foreign = {answered(clients[name], pattern, method, world, name) for name in OTHERS if "<id:" in pattern}
        yield f"{method} `/{pattern}`", [*cells, ", ".join(sorted(foreign))]


def test_the_table_is_what_is_so(world: World, tokens: dict[str, str]) -> None:
    text = "\n".join(
        (
            page.HEAD,
            page.table("API", "Everybody uses a token.", API_COLUMNS, dict(api_rows(world, tokens))),
            page.table("Pages", "Everybody uses a session.", ("nobody", *OWN, "foreign"), dict(page_rows(world))),
        )
    )
    if os.environ.get("WRITE_ACCESS"):
        DOCS.write_text(text)
    assert DOCS.read_text() == text, "WRITE_ACCESS=1 rewrites the page; read what has changed"


@pytest.mark.parametrize("door", ["token", "session"])
def test_an_id_of_the_other_school_is_as_unknown_as_one_that_nobody_has(
    door: str, world: World, tokens: dict[str, str]
) -> None:
    """For every user and every method: 404, or the 401 or 403 that any id would get."""
    for name in OWN:
        client = with_token(tokens[name]) if door == "token" else with_session(world.users[name])
        for pattern, method in API if door == "token" else PAGES:
            if "<id:" not in pattern or pattern.startswith(REPORTING):
                continue
            with undone():
                answer = ask(client, pattern, method, world.foreign)
                told_apart(answer, name)
                unknown = ask(client, pattern, method, world.foreign, value=UNKNOWN)
            assert answer.status_code == unknown.status_code, (name, method, pattern)
            assert answer.status_code in (404, 403, 405), (name, method, pattern, answer.status_code)


def test_what_is_sent_by_session_needs_the_token_of_the_form(world: World) -> None:
    """At every address, page or API."""
    client = with_session(world.users["admin"], enforce_csrf_checks=True)
    for pattern, method in routes():
        if method != "GET" and not pattern.startswith((REPORTING, "api/v1/token")):
            with undone():
                assert ask(client, pattern, method, world.own).status_code in (403, 405), (method, pattern)


def test_nobody_gets_in(world: World) -> None:
    for pattern, method in routes():
        if pattern in PUBLIC or pattern.startswith("api/v1/token"):
            continue
        client = with_token(None)
        answer = ask(client, pattern, method, world.own)
        assert shown(answer) in ("sign in", "401", "405", "403"), (method, pattern, answer.status_code)
