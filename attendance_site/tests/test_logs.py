"""What is logged, and what never is."""

import logging
import re
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError, IntegrityError, connection, transaction
from gunicorn.http.errors import InvalidRequestLine  # type: ignore[import-untyped]

from attendance_site import gunicorn_conf
from attendance_site.logs import Formatter, Refusals
from conftest import LEAKS
from lessons.factories import FAMILY, StudentFactory

log = logging.getLogger(__name__)


def logged(error: Exception) -> str:
    raised = (type(error), error, error.__traceback__)
    return Formatter().format(logging.LogRecord("x", logging.ERROR, __file__, 1, "It failed.", None, raised))


@pytest.mark.django_db
def test_a_databases_error_says_no_value() -> None:
    student = StudentFactory.create(source="mis", external_id="external-id-of-somebody")
    twin = StudentFactory.build(school=student.school, source="mis", external_id="external-id-of-somebody")
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        twin.save()
    told = logged(error.value)
    assert "external-id-of-somebody" not in told and "IntegrityError" in told and "test_logs.py" in told
    if connection.vendor == "postgresql":
        assert "external-id-of-somebody" in str(error.value), "which is why"
        assert "23505 student_one_per_source" in told


def test_the_proxy_writes_no_query_down() -> None:
    lines = (settings.BASE_DIR / "deploy/nginx.conf").read_text().splitlines()
    said = " ".join(line for line in lines if not line.strip().startswith("#"))
    written = set(re.findall(r"\$\w+", " ".join(re.findall(r"log_format without_query (.*?);", said))))
    assert "$uri" in written and not written & {"$request", "$request_uri", "$args", "$query_string", "$http_referer"}
    assert re.findall(r"(access_log|error_log) \S+ (\w+);", said) == [
        ("access_log", "without_query"),
        ("error_log", "crit"),
    ]


def test_nor_does_the_server() -> None:
    """Gunicorn keeps no access log, because `/search?q=` holds a name, and repeats no line that it cannot read."""
    line = "GET /search?q=Ada Lee HTTP/1.1"
    assert line in str(InvalidRequestLine(line)) and gunicorn_conf.loglevel == "error", "logged as a warning"
    assert not {"accesslog", "access_log_format", "logconfig"} & vars(gunicorn_conf).keys()
    for name in ("Dockerfile", "docker-compose.yml", "dev/local.py", "deploy/mongo-watchdog.service"):
        assert not re.search(r"access.?log", (settings.BASE_DIR / name).read_text()), name


COLUMN = "no_such_column"


def ask() -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT {COLUMN}")
    except DatabaseError as cause:
        raise RuntimeError("The list failed.") from cause


@pytest.mark.django_db
def test_nor_when_another_error_came_of_it() -> None:
    with pytest.raises(RuntimeError) as error:
        ask()
    told = logged(error.value)
    assert COLUMN not in told and "The list failed." in told


def test_other_errors_are_told_in_full() -> None:
    with pytest.raises(KeyError) as error:
        raise KeyError("school")
    assert "KeyError: 'school'" in logged(error.value)


@pytest.mark.parametrize("said", [f"Ada {FAMILY}-Lee", "Bearer eyJhbGciOiJFUzI1NiJ9.x", "overslept"])
def test_a_leak_would_be_noticed(said: str) -> None:
    log.warning("Somebody wrote %s", said)
    assert len(LEAKS.found) == 1
    LEAKS.found.clear()


def refused(kind: str, at: float) -> logging.LogRecord:
    record = logging.LogRecord(f"django.security.{kind}", logging.ERROR, __file__, 1, "Invalid: Ada Lee", None, None)
    try:
        raise SuspiciousOperation("Invalid: Ada Lee")
    except SuspiciousOperation as error:
        record.exc_info = (type(error), error, error.__traceback__)
    record.created = at
    return record


def test_a_refused_request_is_told_of_once_a_minute() -> None:
    refusals = Refusals()
    told = [
        Formatter().format(record)
        for record in (refused(kind, at) for at in (0, 1, 59, 60, 61, 120) for kind in ("DisallowedHost", "csrf"))
        if refusals.filter(record) and "DisallowedHost" in record.name
    ]
    assert [line.split("] ")[1] for line in told] == [
        "Refused a request.",
        "Refused a request. (2 more of this kind since the last report)",
        "Refused a request. (1 more of this kind since the last report)",
    ]
    assert all("WARNING" in line for line in told)


def test_everything_else_is_always_told() -> None:
    refusals = Refusals()
    assert all(refusals.filter(logging.LogRecord("x", logging.ERROR, "", 1, "", None, None)) for _ in range(3))
    configured: Any = settings.LOGGING
    assert configured["handlers"]["stderr"]["filters"] == ["refusals"]
