"""Takes the pictures in the README and in `docs`, from the demo's schools.

    python -m browser.screenshots

Writes to docs/images. Needs the demo on localhost (`make run`, PORT). A picture is taken if a document shows it:
`register-phone-dark.png` is the register on a phone in dark mode. Exits with 1 if `visit` goes to no such page.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from browser.tab import DESK, PHONE, READY, Device, chromium, until

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs/images"
SCREENS = {"phone": PHONE, "desk": DESK}
LOOKS = ("light", "dark")
PASSWORD = "attendance-demo"
COLOURS = 64  # pages have few colours; the file is a fifth of the size


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m browser.screenshots", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", default="http://localhost:8000")
    options = parser.parse_args(argv)
    IMAGES.mkdir(exist_ok=True)
    missing = shown()
    with chromium() as browser:
        for screen, look in product(SCREENS, LOOKS):
            kind = f"-{screen}-{look}"
            if not any(name.endswith(kind) for name in missing):
                continue
            device = Device(browser, options.url, color_scheme=look, **SCREENS[screen])
            page = device.tab()
            for name in visit(page):
                if name + kind in missing:
                    save(page, IMAGES / f"{name}{kind}.png")
                    missing.remove(name + kind)
            device.close()
    for name in sorted(missing):
        print(f"No page is visited for docs/images/{name}.png.", file=sys.stderr)
    return 1 if missing else 0


def shown() -> set[str]:
    """Returns the names of the pictures that documents show, such as `register-phone-light`."""
    documents = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    return {name for each in documents for name in re.findall(r"images/([a-z-]+)\.png", each.read_text())}


def visit(page: Page) -> Iterator[str]:
    """Goes from page to page and yields each name."""
    page.goto("/accounts/login/")
    sign_in(page, "teacher")
    yield "today"
    page.locator(".lesson.due a").first.click()
    until(page, READY)
    page.locator(".pupil").nth(2).locator(".choice.absent").click()
    page.locator(".pupil").nth(4).locator(".choice.late").click()
    page.wait_for_timeout(500)  # until the status bar says that earlier marks are saved
    until(page, "document.querySelector('.status').dataset.tone === 'good'")
    yield "register"
    page.goto("/stats")
    yield "statistics"
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    sign_in(page, "office")
    page.locator(".tally").wait_for()
    yield "board"
    page.goto("/search?q=an")
    page.locator(".found a").first.click()
    page.locator(".picture").scroll_into_view_if_needed()
    yield "pupil-year"


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
