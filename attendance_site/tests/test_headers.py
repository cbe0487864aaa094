"""Headers that every response carries, at any address, by any method and with any outcome."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import PermissionDenied
from django.test import Client
from pytest_django import Settings

from attendance_site import docs
from attendance_site.tests.urls import address, patterns
from lessons.factories import UserFactory

ADDRESSES = sorted({address(pattern) for pattern in patterns()} | {"/nothing/here", "/api/nothing", "/admin/nothing/"})
POLICY = (
    "base-uri 'none'; connect-src 'self'; default-src 'none'; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self'; manifest-src 'self'; script-src 'self'; style-src 'self'; "
    "worker-src 'self'"
)
POLICY_OF_DOCS = POLICY.replace("img-src 'self'", "img-src 'self' data:").replace(
    "style-src 'self'", f"style-src 'self' {docs.STYLE}"
)
# Responses that may be cached, and by which caches.
KEPT = {"/.well-known/jwks.json": "public, max-age=300"}
INLINE = re.compile(
    r"<style|<script(?![^>]*\bsrc=)(?![^>]*application/json)|\son[a-z]+=|\sstyle=|javascript:", re.IGNORECASE
)


def check(answer: Any, path: str) -> None:
    said = answer.headers
    parts = sorted(part.strip() for part in said["Content-Security-Policy"].split(";"))
    assert "; ".join(parts) == (POLICY if path != "/api/docs" else POLICY_OF_DOCS), path
    assert said["X-Content-Type-Options"] == "nosniff"
    assert said["Referrer-Policy"] == "same-origin"
    assert said["Cross-Origin-Opener-Policy"] == said["Cross-Origin-Resource-Policy"] == "same-origin"
    assert said["X-Frame-Options"] == "DENY"
    assert "camera=()" in said["Permissions-Policy"]
    if path in KEPT and answer.status_code == 200:
        assert said["Cache-Control"] == KEPT[path]
    elif path != "/admin/jsi18n/":  # words, no pupils
        assert "no-store" in said["Cache-Control"], path


@pytest.mark.django_db
def test_every_address_says_it() -> None:
    nobody, root = Client(), Client()
    root.force_login(UserFactory.create(is_superuser=True, is_staff=True))
    assert len(ADDRESSES) > 100
    for path in ADDRESSES:
        for client in (nobody, root):
            for method in ("get", "post", "options"):
                check(getattr(client, method)(path), path)


def test_an_error_of_the_server_says_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    for error in (RuntimeError, PermissionDenied):

        def fail(*args: object, error: type[Exception] = error) -> None:
            raise error

        monkeypatch.setattr("attendance_site.health.JsonResponse", fail)
        check(client.get("/healthz"), "/healthz")


def test_behind_https(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_PRELOAD = 31536000, True
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    answer = Client().get("/healthz", secure=True)
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


@pytest.mark.django_db  # because closing a response ends its connections
def test_static_files_may_be_kept_for_ever() -> None:
    answer: Any = Client().get(staticfiles_storage.url("absences/attendance.css"))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "max-age=315360000, public, immutable")
    answer.close()


def test_no_template_holds_anything_inline() -> None:
    """The policy would keep browsers from running it."""
    found = [str(path) for path in (settings.BASE_DIR / "templates").rglob("*.html") if INLINE.search(path.read_text())]
    assert found == []


MIB = 1024 * 1024


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_ten_megabytes_are_413_everywhere(kind: str) -> None:
    """Judged by Content-Length: the body is not read."""
    root, body = Client(enforce_csrf_checks=True), b"x" * (10 * MIB)
    root.force_login(UserFactory.create(is_superuser=True, is_staff=True))
    for path in ADDRESSES:
        assert root.post(path, body, content_type=kind).status_code == 413, path


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["x", "-1", "", "9" * 30, "٣", "1e9"])
def test_a_length_that_is_none(length: str) -> None:
    answer = Client().post("/api/v1/token", b"{}", content_type="application/json", CONTENT_LENGTH=length)
    assert answer.status_code == (413 if length.startswith("9") else 400)
