"""The API's schema is complete, without warnings, and true."""

import base64
import hashlib
import json
import re
from http import HTTPStatus
from typing import Any

import jsonschema_rs
import pytest
from django.core.management import call_command
from django.test import Client

from attendance_site import docs
from attendance_site.tests.doors.asking import ask, routes, undone
from attendance_site.tests.doors.world import World, token_of, with_token
from lessons.factories import ApiClientFactory, MembershipFactory, SchoolFactory

API = [(pattern, method) for pattern, method in routes() if pattern.startswith("api/v1/")]

ORDER = [f"api/v1/{name}" for name in ("groups", "students", "enrolments", "lessons", "planned-absences")]


@pytest.fixture(scope="module")
def document() -> Any:
    return Client().get("/api/schema").json()


def described(document: Any, pattern: str, method: str) -> Any:
    return document["paths"]["/" + re.sub(r"<\w+:(\w+)>", r"{\1}", pattern)][method.lower()]


def test_it_is_made_without_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
    assert json.loads(capsys.readouterr().out)["openapi"].startswith("3.1")


def test_every_operation_is_described(document: Any) -> None:
    operations = [described(document, pattern, method) for pattern, method in API]
    assert len({each["operationId"] for each in operations}) == len(API)
    assert sum(len(methods) for methods in document["paths"].values()) == len(API)
    for each in operations:
        assert each["summary"] and each["tags"] and {"401", "429", "503"} <= each["responses"].keys()
        assert (
            each["responses"]["429"]["headers"].keys() == each["responses"]["503"]["headers"].keys() == {"Retry-After"}
        )


@pytest.mark.django_db
def test_what_is_answered_is_what_is_described(document: Any) -> None:
    """As every user at every address: the status is declared, and the body matches its schema."""
    world = World()
    clients = {name: with_token(world.token(user)) for name, user in world.users.items()} | {"nobody": with_token(None)}
    clients["ticket"] = with_token(world.ticket)
    seen = set()
    for pattern, method in API:
        answers = described(document, pattern, method)["responses"]
        for name, client in clients.items():
            with undone():
                response = ask(client, pattern, method, world.own)
            assert str(response.status_code) in answers, (name, method, pattern, response.status_code)
            said = answers[str(response.status_code)].get("content", {})
            if not said:
                assert response.content == b""
                continue
            content = said[response["Content-Type"]]
            schema = content["schema"] | {"components": document["components"]}
            jsonschema_rs.validator_for(schema, validate_formats=True).validate(response.json())
            seen.add((pattern, method, response.status_code // 100))
    assert {(pattern, method) for pattern, method, group in seen if group == HTTPStatus.OK // 100} >= {
        (pattern, method) for pattern, method in API if "token" not in pattern
    }


@pytest.mark.django_db
def test_the_examples_run(document: Any) -> None:
    """The timetable's examples run in order, in a school that has only a teacher from that source. Examples that name
    rows of a made-up school must at least match the schema."""
    school = SchoolFactory.create()
    MembershipFactory.create(school=school, source="mis", external_id="t1")
    client = with_token(token_of(ApiClientFactory.create(school=school, scopes="timetable").user))
    ran = []
    for pattern, method in sorted(API, key=lambda each: ORDER.index(each[0]) if each[0] in ORDER else -1):
        if not (said := described(document, pattern, method).get("requestBody")):
            continue
        content = said["content"]["application/json"]
        [example] = content["examples"].values()
        schema = content["schema"] | {"components": document["components"]}
        jsonschema_rs.validator_for(schema, validate_formats=True).validate(example["value"])
        if pattern in ORDER:
            answer = client.put(f"/{pattern}", json.dumps(example["value"]), content_type="application/json")
            assert (answer.status_code, answer.json().get("created")) == (200, 1), (pattern, answer.content)
            ran.append(pattern)
    assert ran == ORDER


def test_the_page_needs_nothing_but_its_one_style() -> None:
    page = Client().get("/api/docs").content.decode()
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" == docs.STYLE, "the page has changed: check what it needs now"
    assert not re.search(r"<script(?![^>]*\bsrc=)", page) and "http" not in re.sub(r"http://www\.w3\.org", "", page)
