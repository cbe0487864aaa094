"""One register, taken by a teacher to whom everything happens: no network, no server, no sign-in, closed tabs, two
tabs, a colleague who is faster. The taps are recorded here and compared with the register at the end."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone
from playwright.sync_api import Browser, Error, Page

from absences.registers import completion, merging
from absences.repair.reconcile import reconcile
from absences.store import sheets
from absences.store.marks import current_marks
from absences.store.sheets import Key
from browser.product import Place, Product, cookie_of, place
from browser.tab import AT_HOME, READY, Device, make_mine, tap, until
from lessons.models import Lesson, Register

CODES = {"present": "/", "absent": "N", "late": "L"}
CLASS_SIZE = 8
# The rows of a store in the outbox, or nothing if it does not answer within seconds.
ROWS = """Promise.race([new Promise((found) => setTimeout(found, 3000)), new Promise((found, broken) => {
    const open = indexedDB.open("attendance");
    open.onerror = broken;
    open.onsuccess = () => {
        const all = open.result.transaction("%(store)s").objectStore("%(store)s").getAll();
        all.onsuccess = () => (open.result.close(), found(all.result));
    };
})])"""
CLOCKS = timedelta(seconds=3)  # between a tap here and its time there


@dataclass
class Wandering:
    """One run. `taps` are the last choices by student, with the times when they were first and last made."""

    product: Product
    device: Device
    here: Place
    lesson: Lesson
    chance: random.Random
    tabs: list[Page] = field(default_factory=list)
    taps: dict[int, tuple[str, datetime, datetime]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    finished: bool = False

    # --- What happens ---

    def tap(self) -> None:
        """Taps on one of the tabs, and checks that the tap was kept."""
        page = self.chance.choice(self.tabs)
        row = self.chance.randrange(CLASS_SIZE)
        what = self.chance.choice(list(CODES))
        pupil = page.locator(".pupil").nth(row)
        if self.finished or pupil.count() == 0 or pupil.is_disabled():
            return
        student = tap(page, row, what)
        page.wait_for_timeout(self.chance.choice((0, 0, 120)))
        # Queued behind this tap's write: once it answers, the device has confirmed the tap.
        if page.evaluate(ROWS % {"store": "marks"}) is None:
            self.taps.pop(student, None)  # the row still says “Saving”: either choice may be recorded
            return
        code, now = CODES[what], timezone.now()
        before = self.taps.get(student)
        self.taps[student] = (code, before[1] if before and before[0] == code else now, now)

    def lose_network(self) -> None:
        self.device.offline()

    def find_network(self) -> None:
        self.device.offline(False)

    def reload(self) -> None:
        page = self.chance.choice(self.tabs)
        self._go(page, page.reload)

    def close(self) -> None:
        """Closes a tab; after the last one, another opens."""
        page = self.tabs.pop(self.chance.randrange(len(self.tabs)))
        page.close()
        if not self.tabs:
            self.open()

    def open(self) -> None:
        if len(self.tabs) < 2:
            page = self.device.tab()
            self.tabs.append(page)
            self._go(page, lambda: page.goto(f"/lessons/{self.lesson.pk}/"))

    def restart(self) -> None:
        """Kills the server; sometimes the run goes on without one."""
        self.product.server.kill()
        for _ in range(self.chance.randrange(3)):
            self.tap()
        self.product.start()

    def sign_out(self) -> None:
        """Ends the session; nobody notices yet."""
        self.device.context.clear_cookies()

    def sign_in(self) -> None:
        self.device.sign_in(cookie_of(self.here.teacher, own=True))

    def colleague(self) -> None:
        """A colleague completes the register."""
        if not Register.objects.filter(pk=self.lesson.pk).exists():
            completion.complete(self.here.colleague, self.lesson.pk, now=timezone.now())

    def finish(self) -> None:
        page = self.chance.choice(self.tabs)
        button = page.locator(".finish")
        if button.count() and button.is_enabled():
            button.tap()
            kept = f"{AT_HOME} || {ROWS % {'store': 'finishes'}}.then((rows) => rows?.length)"
            until(page, kept)  # the device has confirmed it
            self.finished = True

    STEPS = (
        *((tap, 12), (lose_network, 3), (find_network, 3), (reload, 3), (close, 1), (open, 2)),
        *((restart, 0.5), (sign_out, 0.5), (sign_in, 0.7), (colleague, 0.3), (finish, 0.7)),
    )

    # --- A run ---

    def go(self, steps: int) -> None:
        for _ in range(steps):
            [step] = self.chance.choices([step for step, _ in self.STEPS], [weight for _, weight in self.STEPS])
            self.said.append(step.__name__)
            step(self)

    def end(self) -> None:
        """Restores the network, signs in, and completes an open register."""
        self.find_network()
        self.sign_in()
        for page in self.tabs:
            page.close()
        page = self.device.tab()
        page.goto("/?end")
        until(page, self._nothing_waits("marks"), within=40)
        if not self.finished and not Register.objects.filter(pk=self.lesson.pk).exists():
            page.goto(f"/lessons/{self.lesson.pk}/?fresh")
            until(page, READY)
            page.locator(".finish").tap()
        until(page, self._nothing_waits("finishes"), within=40)
        reconcile(timezone.now())

    def lost(self) -> list[str]:
        """Returns each difference between the taps and the register."""
        register = Register.objects.filter(lesson=self.lesson.pk).first()
        if register is None:
            return ["there is no register"]
        sheet = sheets.read(Key(self.lesson.school_id, self.lesson.pk))
        reported = {mark["student"]: mark for mark in current_marks(sheet)}
        stands = merging.existing(Lesson.objects.with_register().get(pk=self.lesson.pk)).state
        found = []
        for student, (code, first, last) in self.taps.items():
            if stands.code_of(student) != code:
                found.append(f"student {student}: tapped {code}, stands {stands.code_of(student)}")
            elif student not in reported:
                found.append(f"student {student}: tapped {code}, and it was never reported")
            elif not first - CLOCKS <= reported[student]["reported_at"] <= last + CLOCKS:
                found.append(f"student {student}: tapped at {last}, reported as of {reported[student]['reported_at']}")
        return found + self.device.problems

    def _go(self, page: Page, go: Callable[[], object]) -> None:
        try:
            go()
        except Error as error:  # the page is navigating,
            if "ERR_INTERNET_DISCONNECTED" in str(error):  # or the device has nothing stored since the sign-in ended
                until(page, "location.protocol === 'chrome-error:'")
                self.find_network()
                page.goto(f"/lessons/{self.lesson.pk}/")
        self._opened(page)

    def _opened(self, page: Page) -> None:
        until(page, f"{READY} || document.querySelector('.taken, #waiting, #id_username')")

    @staticmethod
    def _nothing_waits(store: str) -> str:
        return f"{ROWS % {'store': store}}.then((rows) => rows?.every((each) => each.refused !== undefined))"


def wander(product: Product, browser: Browser, seed: int, steps: int = 18) -> Wandering:
    """Does a run from its seed, to its end."""
    here = place(CLASS_SIZE)
    device = Device(browser, product.url)
    device.sign_in(cookie_of(here.teacher, own=True))
    run = Wandering(product, device, here, here.lesson(), random.Random(seed))
    page = device.tab()
    page.goto("/")
    make_mine(page)
    page.goto(f"/lessons/{run.lesson.pk}/")
    until(page, READY)
    run.tabs.append(page)
    try:
        run.go(steps)
        run.end()
    except (AssertionError, Error) as error:
        run.device.problems.append(str(error)[:1500])
    return run
