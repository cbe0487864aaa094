"""What the README promises a new user, over HTTP: `make run`, sign in, take a register, see it counted, stop.

Run it in a clean clone. It uses only the standard library.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

MINUTES = 5  # with an empty package cache too


class Forms(HTMLParser):
    """The forms of a page: the fields that a browser would send if nothing were changed, and the addresses of the
    buttons."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append({"action": given.get("action") or "", "buttons": [], "fields": [], "choices": {}})
        elif self.forms and tag == "button":
            self.forms[-1]["buttons"].append(given.get("formaction") or "")
        elif self.forms and tag == "input" and given.get("name"):
            name, value, kind = given["name"], given.get("value") or "", given.get("type") or "text"
            if kind in ("radio", "checkbox"):
                self.forms[-1]["choices"].setdefault(name, []).append(value)
            if kind not in ("radio", "checkbox", "submit") or "checked" in given:
                self.forms[-1]["fields"].append((name, value))


class Browser:
    def __init__(self, site: str) -> None:
        self.at, self.page = site, ""
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def go(self, address: str, fields: list[tuple[str, str]] | None = None, accept: str = "text/html") -> str:
        body = urlencode(fields).encode() if fields is not None else None
        # Browsers send it, and Django checks it.
        request = Request(urljoin(self.at, address), body, {"Accept": accept, "Referer": self.at})
        with self.opener.open(request, timeout=20) as answer:
            text = answer.read().decode()
            if accept == "text/html":
                self.at, self.page = answer.url, text
        return text

    def send(self, form: dict[str, Any], address: str = "", **values: str) -> str:
        untouched = [(name, value) for name, value in form["fields"] if name not in values]
        return self.go(address or form["action"] or self.at, untouched + list(values.items()))

    def form(self, field: str) -> dict[str, Any]:
        """Returns the page's form that has this field."""
        for form in Forms(self.page).forms:
            if any(name.startswith(field) for name in [*form["choices"], *dict(form["fields"])]):
                return form
        raise AssertionError(f"{self.at} has no form with {field}")


def walk(site: str) -> str:
    browser = Browser(site)
    browser.go("/")
    browser.send(browser.form("username"), username="teacher", password="attendance-demo")
    lessons = re.findall(r'href="(/lessons/\d+/)"', browser.page)
    assert lessons, f"{browser.at} lists no lessons"

    before = counted(browser)
    form, finish = to_take(browser, lessons)
    students = [name for name in form["choices"] if name.startswith("mark-")]
    browser.send(form, finish, **dict.fromkeys(students[:2], "N"))
    after = counted(browser)
    assert after == (before[0] + 1, before[1] + 2), f"/stats went from {before} registers and absences to {after}"
    browser.go("/stats")
    return f"A register of {len(students)} with two absences was taken at {finish}, and /stats counts it."


def to_take(browser: Browser, lessons: list[str]) -> tuple[dict[str, Any], str]:
    """Returns the form of the first lesson that can be completed now, and its button's address."""
    for lesson in lessons:
        browser.go(lesson)
        for form in Forms(browser.page).forms:
            for address in form["buttons"]:
                if address.endswith("/complete"):
                    return form, address
    raise AssertionError(f"none of {lessons} can be taken")


def counted(browser: Browser) -> tuple[int, int]:
    """Returns the registers and absences of all groups, as /stats shows them."""
    groups = json.loads(browser.go("/stats?level=group&basis=lesson", accept="application/json"))["results"]
    return sum(group["registers"] for group in groups), sum(group["absent"] for group in groups)


def await_site(site: str, process: subprocess.Popen[bytes]) -> float:
    """Waits until the site answers; returns how many seconds that took."""
    start = time.monotonic()
    while time.monotonic() < start + MINUTES * 60:
        assert process.poll() is None, f"make run ended with {process.returncode}"
        try:
            Browser(site).go("/healthz", accept="application/json")
            return time.monotonic() - start
        except URLError:
            time.sleep(0.2)
    raise AssertionError(f"{site} did not answer within {MINUTES} minutes")


def left() -> list[str]:
    """Returns the processes that still run in this folder, except this one."""
    here, found = Path.cwd(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.name != str(os.getpid()) and (process / "cwd").resolve() == here:
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # the process has ended
            continue
    return found


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    site = f"http://localhost:{port}"
    with subprocess.Popen(["make", "run"], env=os.environ | {"PORT": str(port)}, start_new_session=True) as process:
        try:
            print(f"Served after {await_site(site, process):.0f} s.")
            print(walk(site))
        finally:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
            process.wait(30)
    assert not left(), f"still running: {left()}"
    print("Stopped, and nothing was left running.")


if __name__ == "__main__":
    main()
