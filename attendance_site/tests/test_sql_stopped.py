"""The product on a real server while PostgreSQL is gone or silent: absences are accepted, and completing waits."""

import http.client
import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from absences.reporting import tickets
from absences.tests.api import due_today
from attendance_site.tests.line import Line
from dev.processes import LOOPBACK, spawn, stop, until
from lessons.accounts import authentication
from lessons.factories import SchoolFactory, person
from lessons.models import Register, Role

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.wall_clock]


@pytest.fixture
def server(line: Line, mongodb: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Yields the product's port. It reaches PostgreSQL through the line."""
    database = connection.settings_dict
    user = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    with socket.create_server((LOOPBACK, 0)) as unused:
        port = unused.getsockname()[1]
    for name in ("MONGODB_URL", "MONGODB_DATABASE", "TOKEN_KEYS_FILE"):
        monkeypatch.setenv(name, str(getattr(settings, name)))
    monkeypatch.setenv("DATABASE_URL", f"postgres://{user}@{LOOPBACK}:{line.port}/{database['NAME']}")
    command = [sys.executable, "-m", "gunicorn", "attendance_site.wsgi", "--bind", f"{LOOPBACK}:{port}"]
    with (tmp_path / "server.log").open("wb") as log:
        process = spawn([*command, "--threads", "4", "--no-control-socket"], output=log)
    try:
        assert until(lambda: answers(port), within=20)
        yield port
    finally:
        stop(process)


class Answer(NamedTuple):
    status: int
    retry_after: str | None
    seconds: float


def ask(port: int, method: str, path: str, token: str | None = None, body: Any = None) -> Answer:
    began = monotonic()
    link = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with closing(link):
        link.request(method, path, json.dumps(body) if body else None, headers)
        response = link.getresponse()
        response.read()
        return Answer(response.status, response.headers["Retry-After"], monotonic() - began)


def answers(port: int) -> bool:
    with suppress(OSError):
        return ask(port, "GET", "/healthz").status == 200
    return False


@pytest.mark.parametrize("fault", [Line.cut, Line.hold])
def test_absences_are_accepted_and_completing_waits(fault: Callable[[Line], None], server: int, line: Line) -> None:
    now = timezone.now()
    school = SchoolFactory.create()
    teacher = person(school, Role.TEACHER, "alice", name="Alice Lee")
    lesson = due_today(school, teacher)
    roster = list(lesson.group.enrolments.values_list("student", flat=True))
    access = authentication.token_pair(teacher, school.pk, now=now)["access"]
    ticket = tickets.issue(teacher, lesson, roster, now, sid="")

    def send(method: str, path: str, token: str | None, body: Any = None) -> Answer:
        return ask(server, method, f"/api/v1/lessons/{lesson.pk}{path}", token, body)

    assert send("GET", "", access).status == 200
    fault(line)
    assert send("PUT", f"/absences/{roster[0]}", ticket, {"code": "N"}).status == 202
    refused = send("POST", "/complete", access)
    assert (refused.status, refused.retry_after) == (503, "1")
    assert refused.seconds < 3
    assert send("PUT", f"/absences/{roster[1]}", ticket, {"code": "N"}).status == 202
    line.mend()
    assert until(lambda: send("POST", "/complete", access).status == 200, within=20)
    assert set(Register.objects.get().marks.values_list("student", flat=True)) == set(roster[:2])
