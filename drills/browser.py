"""A browser without a screen: cookies and the sign-in form, over HTTP."""

from __future__ import annotations

import http.client
import json
import re
from contextlib import closing
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from django.conf import settings

from dev.processes import LOOPBACK
from drills.guessing import PASSWORD

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
TOLD = re.compile(r'<p class="error" role="alert">(.*?)<label', re.DOTALL)
SIGN_IN, SIGN_OUT = "/accounts/login/", "/accounts/logout/"


@dataclass
class Answer:
    status: int
    retry_after: int
    text: str

    @property
    def told(self) -> str:
        found = TOLD.search(self.text)
        return " ".join(unescape(re.sub("<[^>]*>", "", found[1])).split()) if found else ""


@dataclass
class Browser:
    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def copy(self) -> Browser:
        """Returns another browser with this one's device cookie."""
        name = settings.DEVICE_COOKIE_NAME
        return Browser(self.port, {name: self.cookies[name]})

    def sign_in(self, name: str, password: str = PASSWORD) -> Answer:
        self.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        return self._send(SIGN_IN, username=name, password=password)

    def sign_out(self) -> None:
        self._send(SIGN_OUT)

    def post(self, path: str, body: dict[str, str]) -> Answer:
        """Posts JSON to the API."""
        return self._ask("POST", path, json.dumps(body), "application/json")

    def _send(self, path: str, **fields: str) -> Answer:
        page = self._ask("GET", SIGN_IN if path == SIGN_IN else "/accounts/sessions/")
        token = TOKEN.search(page.text)
        assert token, f"no form: {page.status}"
        form = urlencode({"csrfmiddlewaretoken": token[1], **fields})
        return self._ask("POST", path, form, "application/x-www-form-urlencoded")

    def _ask(self, method: str, path: str, body: str | None = None, kind: str = "text/plain") -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=30)) as link:
            link.request(method, path, body and body.encode(), {"Cookie": cookies, "Content-Type": kind})
            response = link.getresponse()
            text = response.read().decode()
        for header in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
                if not morsel.value:
                    del self.cookies[name]
        return Answer(response.status, int(response.headers.get("Retry-After", 0)), text)


def known(port: int, name: str) -> Browser:
    """Returns a browser on which this user has signed in and out."""
    browser = Browser(port)
    assert browser.sign_in(name).status == 302, name
    browser.sign_out()
    return browser
