"""A browser as people use it: Debian's Chromium, driven by Playwright. It records every error in a page."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import APIResponse, Browser, BrowserContext, Error, Page, Response, Route, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = (
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
REPORTS = "addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.blockedURI}`))"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yields a browser. Raises FileNotFoundError if Chromium is not installed."""
    if not CHROMIUM.exists():
        raise FileNotFoundError(f"{CHROMIUM} is needed: make setup-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield browser
        browser.close()


class Device:
    """A user's device; its storage outlives its tabs. `problems` are errors of pages and breaches of the content
    policy, without the messages about a missing network."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.url = url
        self.context: BrowserContext = browser.new_context(base_url=url, **(PHONE | options))
        self.context.add_init_script(REPORTS)
        self.problems: list[str] = []

    def sign_in(self, cookie: tuple[str, str]) -> None:
        name, value = cookie
        self.context.add_cookies([{"name": name, "value": value, "url": self.url}])

    def tab(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("response", self._see)
        return page

    def offline(self, off: bool = True) -> None:
        self.context.set_offline(off)

    def close(self) -> None:
        """Ends the service worker first: closing a context while one runs may wait for ever."""
        page = self.context.new_page()
        session = self.context.new_cdp_session(page)
        session.send("ServiceWorker.enable")
        session.send("ServiceWorker.stopAllWorkers")
        self.context.close()

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not re.search("Failed to load resource", text):
            self.problems.append(f"console: {text}")

    def _see(self, response: Response) -> None:
        if response.status >= 500 and response.status != 503:
            self.problems.append(f"{response.status} {response.url}")


def until(page: Page, what: str, within: float = 10) -> Any:
    """Waits until an expression is true in a page, and returns its value. Playwright's own waiting evaluates strings,
    which the content policy blocks."""
    for _ in range(int(within * 20)):
        with suppress(Error):  # the page is navigating
            if found := page.evaluate(what):
                return found
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {what}\n{page.url}\n{page.locator('main').inner_text()[:2000]}")


def tap(page: Page, row: int, what: str) -> int:
    """Taps "present", "absent" or "late" in a row, and returns the student's id."""
    page.locator(".pupil").nth(row).locator(f".choice.{what}").tap()
    return student_of(page, row)


def student_of(page: Page, row: int) -> int:
    return int((page.locator(".pupil").nth(row).get_attribute("id") or "").removeprefix("pupil-"))


AT_HOME = "location.pathname === '/'"
READY = "performance.getEntriesByName('ready').length"
MARKS = "**/api/v1/lessons/*/absences"  # the address that marks are sent to
CONTROLLED = "!document.querySelector('#mine input').disabled && !!navigator.serviceWorker.controller"


def make_mine(page: Page) -> None:
    """On today's page, makes this the user's own device."""
    page.locator("#mine input").check()
    until(page, CONTROLLED)
    until(page, "caches.match('/shell/register').then(Boolean)")


class Held:
    """Holds back the server's answers to a device's requests until they are released."""

    def __init__(self, page: Page, pattern: str, method: str = "GET") -> None:
        self._page, self._pattern = page, pattern
        self._method = method
        self._held: list[tuple[Route, APIResponse]] = []
        self._ended = False
        page.context.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        if self._ended or route.request.method != self._method:
            route.continue_()
        else:
            self._held.append((route, route.fetch()))

    def caught(self) -> None:
        """Waits for one request."""
        for _ in range(200):
            if self._held:
                return
            self._page.wait_for_timeout(50)
        raise AssertionError(f"nothing asked for {self._pattern}")

    def let_go(self) -> None:
        self._ended = True
        self._end(lambda route, answer: route.fulfill(response=answer))

    def let_one_go(self) -> None:
        """Releases one answer and waits for the next request."""
        self._end(lambda route, answer: route.fulfill(response=answer))
        self.caught()

    def lose(self) -> None:
        """Drops the answers."""
        self._ended = True
        self._end(lambda route, _answer: route.abort())

    def _end(self, how: Callable[[Route, APIResponse], None]) -> None:
        held, self._held = self._held, []
        for route, answer in held:
            how(route, answer)


# Describes what in a page cannot be tapped in its middle, or is hidden when focused, because something covers it.
# Whether two texts within an element are drawn over one another.
OVERLAP = """(element) => {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT, (text) => text.data.trim() ? 1 : 3);
  const boxes = [];
  while (walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    boxes.push(range.getBoundingClientRect());
  }
  return boxes.some((one, index) => boxes.slice(index + 1).some((other) =>
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom));
}"""

COVERED = """() => {
    const controls = [...document.querySelectorAll("label, button, a, select, summary, input:not([type=hidden])")]
        .filter((each) => each.checkVisibility() && !each.closest(".hidden, .skip"));
    const isCovered = (each) => {
        const box = each.getClientRects()[0];
        const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return !(each.contains(there) || there?.closest("label")?.contains(each));
    };
    const inTheMiddle = controls.filter((each) => (each.scrollIntoView({block: "center"}), isCovered(each)));
    scrollTo(0, 0);
    const inFocus = controls.filter((each) => (each.focus(), document.activeElement === each && isCovered(each)));
    return [...inTheMiddle, ...inFocus].map((each) => `covered: ${each.outerHTML.slice(0, 200)}`);
}"""
