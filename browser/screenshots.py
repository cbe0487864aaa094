"""Pictures of each page, on a phone and on a desk, light and dark, with the demo's schools.

    python -m browser.screenshots

Written to docs/images. Needs the demo on localhost (`make run`, PORT).
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from browser.tab import AT_HOME, DESK, PHONE, READY, Device, chromium, until

IMAGES = Path(__file__).parents[1] / "docs/images"
PASSWORD = "attendance-demo"
COLOURS = 64  # a page has few: a fifth of the bytes
OFFICE = {
    "follow-up": "/follow-up/",
    "calls": "/follow-up/calls",
    "front-desk": "/front-desk/?q=an",
    "planned-absences": "/planned-absences/",
    "evacuation": "/evacuation/",
    "sessions": "/accounts/sessions/",
    "nothing-here": "/nowhere",
    "search": "/search?q=an",
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m browser.screenshots", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", default="http://localhost:8000")
    options = parser.parse_args(argv)
    IMAGES.mkdir(exist_ok=True)
    with chromium() as browser:
        for size, screen in (("phone", PHONE), ("desk", DESK)):
            for look in ("light", "dark"):
                device = Device(browser, options.url, color_scheme=look, **screen)
                page = device.tab()
                for name in show(page):
                    save(page, IMAGES / f"{name}-{size}-{look}.png")
                device.close()
    return 0


def show(page: Page) -> Iterator[str]:
    """Goes from page to page, and says what stands there."""
    page.goto("/accounts/login/")
    yield "sign-in"
    sign_in(page, "teacher")
    yield "today"
    page.locator(".lesson.due a").first.click()
    until(page, READY)
    page.locator(".pupil").nth(2).locator(".choice.absent").click()
    page.locator(".pupil").nth(4).locator(".choice.late").click()
    page.wait_for_timeout(500)  # what was saved before says so, too
    until(page, "document.querySelector('.status').dataset.tone === 'good'")
    yield "register"
    page.goto("/")
    if not page.locator(".lesson.completed").count():  # so early that nothing is taken today
        page.go_back()
        until(page, READY)
        page.locator(".finish").click()
        until(page, AT_HOME)
    page.locator(".lesson.completed a").first.click()
    yield "taken"
    page.get_by_role("link", name="Correct", exact=True).first.click()
    yield "correct"
    page.goto("/stats")
    yield "statistics"
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    sign_in(page, "office")
    page.locator(".tally").wait_for()
    yield "board"
    for name, address in OFFICE.items():
        page.goto(address)
        yield name
    page.locator(".found a").first.click()
    page.locator(".picture").wait_for()
    yield "pupil"
    page.locator(".picture").scroll_into_view_if_needed()
    yield "pupil-year"
    page.get_by_role("link", name="Evidence").first.click()
    yield "evidence"


def sign_in(page: Page, name: str) -> None:
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")
    page.locator(".who").wait_for()


def save(page: Page, path: Path) -> None:
    picture = Image.open(BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
