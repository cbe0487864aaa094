"""Error responses: problems under /api/, pages elsewhere, never a traceback."""

import pytest
from django.db import OperationalError
from django.test import Client

from attendance_site import problems
from lessons import errors


def leaves(tree: type[Exception]) -> list[type[Exception]]:
    return [leaf for child in tree.__subclasses__() for leaf in (child, *leaves(child))]


def test_every_domain_error_has_a_status() -> None:
    known = leaves(errors.AttendanceError)
    assert len(known) >= 10
    for error in known:
        assert any(issubclass(error, listed) for listed in problems.STATUS), error


def test_every_domain_error_stands_in_the_tree() -> None:
    assert errors.__doc__ is not None
    for error in leaves(errors.AttendanceError):
        assert f" {error.__name__} " in errors.__doc__


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing", "/api/v2/lessons", "/api/v1/lessons/"])
def test_unmatched_api_addresses_are_problems(path: str, client: Client) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    body = response.json()
    assert (body["status"], body["instance"], body["type"]) == (404, path, "about:blank")
    assert body["request_id"] == response.headers["x-request-id"]


def test_elsewhere_it_is_a_page(client: Client) -> None:
    response = client.get("/nothing/")
    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_the_proxys_request_id_is_kept(client: Client) -> None:
    sent = client.get("/api/v1/nothing", headers={"x-request-id": "abcdef-123456"})
    assert sent.json()["request_id"] == "abcdef-123456"
    forged = client.get("/api/v1/nothing", headers={"x-request-id": "<script>alert(1)</script>"})
    assert "script" not in forged.json()["request_id"]


@pytest.mark.parametrize("path", ["/api/v1/groups", "/admin/login/"])
def test_without_sql_it_is_503(path: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("lessons.accounts.sessions.SessionStore.load", gone)
    client.cookies["sessionid"] = "x" * 32
    client.raise_request_exception = False
    response = client.get(path)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert b"refused" not in response.content


def test_an_unknown_failure_tells_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("lessons.api.views.TokenView.post", broken)
    client.raise_request_exception = False
    response = client.post("/api/v1/token", {}, content_type="application/json")
    assert (response.status_code, response.headers["content-type"]) == (500, "application/problem+json")
    assert b"secret" not in response.content
