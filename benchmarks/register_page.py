"""The cost of opening a register on a slow network and a slow phone: bytes, requests and milliseconds.

    python -m benchmarks.register_page

400 ms of latency, 400 kbit/s and a processor slowed four times; a class of thirty, medians of five.
"""

import gzip
import os
import sys
from contextlib import ExitStack
from statistics import median
from typing import Any

from drills import stores

NETWORK = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
SLOWER = 4
TIMES = 5

PAINTED = """(row) => new Promise((done) => {
    const radio = document.querySelectorAll(".pupil")[row].querySelector(".absent input");
    const begun = performance.now();
    radio.click();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
})"""
READY = "performance.getEntriesByName('ready')[0].startTime"


def main() -> int:
    with stores.workplace() as folder, ExitStack() as stack:
        nodes = stack.enter_context(stores.replica_set(folder / "mongo", 1))
        os.environ |= {"VAR_DIR": str(folder / "var"), "MONGODB_URL": nodes.url, "LOG_LEVEL": "ERROR"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "attendance_site.settings"
        import django

        django.setup()
        from browser import product, tab

        served = stack.enter_context(product.running(folder))
        browser = stack.enter_context(tab.chromium())
        here = product.place()
        path = f"/lessons/{here.lesson().pk}/"
        cold, sizes = [], []
        for _ in range(TIMES):
            device = tab.Device(browser, served.url)
            device.sign_in(product.cookie_of(here.teacher))
            page = device.tab()
            seen = Traffic(page)
            cold.append(opened(page, path))
            sizes = seen.sizes()
            device.close()
        bodies, headers = (sum(each) for each in zip(*sizes, strict=True))
        print(
            f"cold: usable after {median(cold):.0f} ms; {len(sizes)} requests, {bodies} bytes and {headers} of headers"
        )
        device = tab.Device(browser, served.url)
        device.sign_in(product.cookie_of(here.teacher))
        page = device.tab()
        page.goto("/")
        tab.make_mine(page)
        Traffic(page)
        print(f"warm, on the user's own device: usable after {median(opened(page, path) for _ in range(TIMES)):.0f} ms")
        taps = [page.evaluate(PAINTED, row) for row in range(20)]
        print(f"tap to painted: median {median(taps):.0f} ms, slowest of {len(taps)} {max(taps):.0f} ms")
        for _ in range(5):
            here.lesson()
        pack = page.context.request.get("/day-pack").body()
        print(f"day pack of six lessons of thirty: {len(pack)} bytes, {len(gzip.compress(pack))} compressed")
    return 0


def opened(page: Any, path: str) -> float:
    from browser.tab import until

    page.goto(path, wait_until="commit")
    until(page, "performance.getEntriesByName('ready').length", within=30)
    return float(page.evaluate(READY))


class Traffic:
    """Records a page's requests from now on, on the slow network and processor. Favicons are left out."""

    def __init__(self, page: Any) -> None:
        self._requests: list[Any] = []
        page.on("requestfinished", lambda request: self._requests.append(request))
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", NETWORK)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})

    def sizes(self) -> list[tuple[int, int]]:
        """Returns the size of each answer's body and headers, in bytes."""
        sizes = [each.sizes() for each in self._requests if not each.url.endswith(".svg")]
        return [(size["responseBodySize"], size["responseHeadersSize"]) for size in sizes]


if __name__ == "__main__":
    sys.exit(main())
