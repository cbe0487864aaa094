"""Requests that no browser sends, to a real server: each is answered or hung up on, and the log stays quiet."""

import re
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.db import connection

from absences.tests.api import due_today
from absences.tests.pages import browser, fill
from dev.processes import LOOPBACK, spawn, stop, until
from lessons.factories import SchoolFactory, person
from lessons.models import Register, Role, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.wall_clock]

PATHS = ("/", "/accounts/login/", "/api/v1/lessons", "/healthz")
FORM = "application/x-www-form-urlencoded"
HANG_UP, RESET = "hang up", "reset"


class Server:
    def __init__(self, port: int, log: Path) -> None:
        self.port, self.log = port, log

    def send(self, raw: bytes, then: str = "") -> bytes:
        """Returns the answer to these exact bytes, perhaps empty. Afterwards the client waits, or leaves at once."""
        with socket.create_connection((LOOPBACK, self.port), timeout=10) as link, suppress(ConnectionError):
            if then == RESET:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            link.sendall(raw)
            if then:
                time.sleep(0.1)  # until the server reads
                return b""
            with suppress(OSError):  # the server has hung up
                link.shutdown(socket.SHUT_WR)
            came = b""
            while more := link.recv(65536):
                came += more
            return came
        return b""

    def status(self, raw: bytes) -> int:
        """Returns the status, or 0 if nothing came back."""
        came = self.send(raw)
        return int(came.split(b" ", 2)[1]) if came else 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture
def server(folder: Path, mongodb: None, static_files: None) -> Iterator[Server]:
    with socket.create_server((LOOPBACK, 0)) as unused:
        port = unused.getsockname()[1]
    log = folder / "server.log"
    environ = {
        **{name: str(getattr(settings, name)) for name in ("MONGODB_URL", "MONGODB_DATABASE", "TOKEN_KEYS_FILE")},
        "DATABASE_URL": database_url(),
        "PORT": str(port),
        "WEB_WORKERS": "1",
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "python:attendance_site.gunicorn_conf"]
    with pytest.MonkeyPatch.context() as patch, log.open("wb") as output:
        for name, value in environ.items():
            patch.setenv(name, value)
        process = spawn(command, output=output)
    try:
        running = Server(port, log)
        assert until(lambda: is_up(running), within=30), log.read_text()
        yield running
    finally:
        stop(process)


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    return f"postgres://{user}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def is_up(server: Server) -> bool:
    with suppress(OSError):
        return server.status(request("/healthz")) == 200
    return False


def request(path: str, *headers: str, method: str = "GET", body: bytes = b"", host: str | None = "localhost") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *([f"Host: {host}"] if host is not None else []), "Connection: close"]
    if body and not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body


def form(path: str, body: bytes, *headers: str, kind: str = FORM) -> bytes:
    """Returns a form with its CSRF token, so that the product reads it."""
    token = ("X-CSRFToken: " + "a" * 32, "Cookie: csrftoken=" + "a" * 32)
    return request(path, f"Content-Type: {kind}", *headers, *token, method="POST", body=body)


PART = b'--x\r\nContent-Disposition: form-data; name="username"\r\n'
HOSTS = (
    "evil.example",
    "",
    "a b",
    "[::",
    "localhost:99999999",
    "l\xf6calhost",
    "localhost@evil.example",
    "{{7*7}}",
    None,
)
METHODS = ("FOO", "get", "G@T", "TRACE", "CONNECT", "PROPFIND", "A" * 300, "\xff")
TARGETS = (
    *("/%", "/%zz", "/%ff%fe", "/%00", "/lessons/%00/", "/api/v1/lessons/%ff", "//evil.example/", "/../../etc/passwd"),
    *("/static/%2e%2e/%2e%2e/etc/passwd", "/static/%00", "/static/../settings.py", "/admin/%ff/", "/" + "a" * 9000),
    *("/?%ff=%zz", "/accounts/login/?next=%00%ff", "/api/v1/lessons?cursor=%ff", "http://evil.example/", "*", "/\xff"),
)
COOKIES = (
    *("sessionid=x", "sessionid=%00", "sessionid=\xff\xfe", f"sessionid={'z' * 4000}", "csrftoken=x", "=;=;;,"),
    *("messages=x", "messages=x:y:z", "device=x:y", "device=\xff", "sessionid", '"', f"{'a=1; ' * 1000}"),
)
HEADERS = (
    *("Authorization: Bearer \xff", "Authorization: Basic \xff", "Authorization: Bearer", "X-Forwarded-For: \xff, x"),
    *(
        "Accept-Language: \xff;q=x",
        'If-None-Match: "',
        "If-Modified-Since: x",
        "Range: bytes=9-1",
        "Accept: \xff/*;q=z",
    ),
    *(
        "X-Request-ID: \xff",
        "Content-Type: \xff/\xff; charset=\xff",
        "Expect: x",
        "X-Forwarded-Host: \xff",
        "Referer: \xff",
    ),
    *(
        f"X-Long: {'x' * 100_000}",
        "\r\n".join(f"X-{number}: y" for number in range(500)),
        "no colon",
        " : x",
        "A\x00: x",
    ),
)
LOGIN, MULTIPART = "/accounts/login/", "multipart/form-data; boundary=x"
FILE = b'--x\r\nContent-Disposition: form-data; name="f"; filename="../f"\r\n\r\n1\r\n'
BODIES = (
    form(LOGIN, b"&".join(b"f%d=1" % number for number in range(6000))),
    form(LOGIN, b"a=\xff&\xff=%zz&%00", kind=f"{FORM}; charset=nonsense"),
    form(LOGIN, b"a=1", kind=f"{FORM}; charset=utf-16"),
    form(LOGIN, b"a=1", kind="multipart/form-data"),
    form(LOGIN, b"a=1", kind="multipart/form-data; boundary=\xff"),
    form(LOGIN, b"--x", kind=MULTIPART),
    form(LOGIN, PART, kind=MULTIPART),
    form(LOGIN, PART + b"\r\n\xff\r\n--x--", kind=f"{MULTIPART}; charset=nonsense"),
    form(LOGIN, PART + b"Content-Transfer-Encoding: base64\r\n\r\n!\r\n--x--\r\n", kind=MULTIPART),
    form(LOGIN, (PART + b"\r\n1\r\n") * 6000 + b"--x--", kind=MULTIPART),
    form(LOGIN, FILE * 200 + b"--x--\r\n", kind=MULTIPART),
    *(form(path, b"{\xff", kind="application/json") for path in ("/api/v1/token", "/api/v1/lessons")),
    *(form(path, b"a" * 3_000_000, kind=kind) for path in PATHS for kind in (FORM, "application/json")),
    *(form(path, b"a", f"Content-Length: {length}") for path in PATHS for length in ("99999999999", "-1", "x")),
    *(form(path, b"5\r\na=1&b\r\n0\r\n\r\n", "Transfer-Encoding: chunked") for path in PATHS),
    *(form(path, b"zz\r\nhm\r\n0\r\n\r\n", "Transfer-Encoding: chunked") for path in PATHS),
    *(form(path, b"5\r\na=1", "Transfer-Encoding: chunked") for path in PATHS),
    *(form(path, b"a=1", "Transfer-Encoding: chunked", "Content-Length: 3") for path in PATHS),
    *(form(path, b"a=1", "Transfer-Encoding: x") for path in PATHS),
)
CUT_SHORT = tuple(
    form(path, body, "Content-Length: 1000", kind=kind)
    for path in ("/accounts/login/", "/api/v1/token", "/lessons/1/complete", "/api/v1/lessons/1/absences")
    for kind, body in ((FORM, b"a=1"), ("multipart/form-data; boundary=x", PART), ("application/json", b'{"a": '))
)
NO_HTTP = (
    *(b"", b"\0" * 100, b"\x16\x03\x01\x02\x00\x01\x00", b"GET", b"GET /\r\n\r\n"),
    *(b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n", b"\xff\n\n"),
)

KINDS: dict[str, list[bytes]] = {
    "hosts": [request(path, host=host) for path in PATHS for host in HOSTS],
    "methods": [request(path, method=method) for path in PATHS for method in METHODS],
    "targets": [request(target) for target in TARGETS],
    "cookies": [request(path, f"Cookie: {cookie}") for path in PATHS for cookie in COOKIES],
    "cookies in forms": [form("/accounts/login/", b"a=1", f"Cookie: {cookie}") for cookie in COOKIES],
    "headers": [request(path, header) for path in PATHS for header in HEADERS],
    "bodies": list(BODIES),
    "no HTTP": list(NO_HTTP),
    "cut short": list(CUT_SHORT),
}


def test_nothing_writes_a_traceback(server: Server) -> None:
    """Each kind of refusal is logged in one line, once a minute."""
    for kind, requests in KINDS.items():
        for raw in requests:
            status = server.status(raw)
            assert status in (0, 501, 505) or 200 <= status < 500, (kind, raw[:300], status)
    for raw in CUT_SHORT:
        for then in (HANG_UP, RESET):
            server.send(raw, then)
    assert is_up(server)
    said = server.log.read_text()
    assert "Traceback" not in said and " ERROR " not in said, said[:3000]
    kinds = re.findall(r" WARNING django\.security\.(\w+) ", said)
    assert len(kinds) == len(said.splitlines()) <= 4 * len(set(kinds)), said  # a busy machine takes minutes
    assert {"DisallowedHost", "TooManyFieldsSent", "TooManyFilesSent", "csrf"} <= set(kinds)
    assert "evil" not in said


@pytest.mark.parametrize(("path", "kind"), [("/", b"text/html"), ("/api/v1/lessons", b"application/problem+json")])
def test_an_unknown_host_is_answered(path: str, kind: bytes, server: Server) -> None:
    came = server.send(request(path, host="evil.example"))
    assert came.startswith(b"HTTP/1.1 400 ") and kind in came and b"evil" not in came


def test_a_form_that_is_cut_short_finishes_nothing(server: Server) -> None:
    """Django would read the missing fields as empty."""
    school = SchoolFactory.create()
    lesson = due_today(school, person(school, Role.TEACHER, "alice"))
    alice, path = browser(User.objects.get(username="alice")), f"/lessons/{lesson.pk}/"
    sent = fill(alice, path)
    cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in alice.cookies.items())
    body = urlencode(dict(sorted(sent.items(), key=lambda field: field[0] != "csrfmiddlewaretoken"))).encode()
    cut, whole = body[: body.index(b"&") + 1], body

    def complete(body: bytes) -> int:
        headers = (f"Content-Type: {FORM}", f"Content-Length: {len(whole)}", f"Cookie: {cookies}")
        return server.status(request(f"{path}complete", *headers, method="POST", body=body))

    assert complete(cut) == 400
    assert not Register.objects.exists()
    assert complete(whole) == 302
    assert Register.objects.get().unstated == []
