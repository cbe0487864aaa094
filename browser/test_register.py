"""The register as a teacher takes it, in a real browser."""

import gzip
from collections.abc import Callable
from datetime import timedelta

import brotli  # type: ignore[import-untyped]
import pytest
from django.utils import timezone
from playwright.sync_api import Page, Request

from absences.repair.reconcile import reconcile
from browser.marks import codes, opened, reported, saved, says
from browser.product import PASSWORD, Place, cookie_of
from browser.tab import AT_HOME, COVERED, DESK, READY, Device, tap, until
from dev import processes
from lessons.factories import PlannedAbsenceFactory
from lessons.models import Lesson, Mark, Register


def standing(lesson: Lesson) -> dict[int, str]:
    return dict(Mark.objects.filter(register=lesson.pk).values_list("student_id", "code"))


def said(page: Page, text: str) -> None:
    page.locator(".messages", has_text=text).wait_for()


def test_a_class_of_thirty_takes_four_taps(device: Callable[..., Device], here: Place, lesson: Lesson) -> None:
    page = device().tab()
    page.goto("/accounts/login/")
    page.fill("#id_username", here.teacher.username)
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")
    until(page, AT_HOME)
    page.evaluate("sessionStorage.taps = 0")
    page.context.add_init_script("addEventListener('pointerup', () => sessionStorage.taps++, true)")
    page.reload()
    page.locator(".current a").tap()
    until(page, READY)
    tap(page, 4, "absent")
    tap(page, 17, "absent")
    page.locator(".finish").tap()
    until(page, AT_HOME)
    said(page, "register taken")
    assert "28 present, 2 absent" in page.locator(".messages").inner_text()
    assert page.evaluate("sessionStorage.taps") == "4"
    assert len(standing(lesson)) == 2
    assert Register.objects.get(pk=lesson.pk).counts["attended"] == 28


def test_it_is_three_requests_and_fifteen_kilobytes(page: Page, lesson: Lesson) -> None:
    """Apart from the icon, on a device that has kept nothing yet."""
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    opened(page, lesson)
    answers = [request.response() for request in asked if not request.url.endswith(".svg")]
    html, *files = [answer.body() for answer in answers if answer]
    assert len(files) == 2
    assert len(gzip.compress(html)) + sum(len(brotli.compress(each)) for each in files) <= 15_000


def test_it_takes_twenty_keys_at_most(device: Callable[..., Device], here: Place, lesson: Lesson) -> None:
    page = device(here.teacher, **DESK, has_touch=False).tab()
    page.context.add_init_script(
        "addEventListener('keydown', () => (sessionStorage.keys = 1 + Number(sessionStorage.keys ?? 0)), true)"
    )
    page.goto("/")
    until(page, "document.activeElement.closest('.current')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lessons/**")
    until(page, READY)
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    for _ in range(7):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    until(page, AT_HOME)
    said(page, "28 present, 2 absent")
    keys = int(page.evaluate("sessionStorage.keys"))
    assert keys <= 20, keys
    assert len(standing(lesson)) == 2


def test_each_tap_is_saved_at_once(register: Page, lesson: Lesson) -> None:
    tap(register, 0, "absent")
    saved(register)
    assert list(codes(lesson).values()) == ["N"]
    register.reload()
    until(register, READY)
    assert register.locator(".absent input:checked").count() == 1


def test_minutes_are_chips_digits_and_a_field(register: Page, lesson: Lesson) -> None:
    tap(register, 0, "late")
    row = register.locator(".pupil").first
    since = (timezone.now() - lesson.starts_at) // timedelta(minutes=1)
    assert int(row.locator(".minutes input").input_value()) in (since - 1, since)
    row.locator(".chip").nth(0).tap()
    saved(register)
    assert [(mark["code"], mark["minutes_late"]) for mark in reported(lesson)] == [("L", 5)]
    register.locator(".pupil").nth(1).focus()
    for key in ("l", "1", "2", "ArrowDown", "n"):
        register.keyboard.press(key)
    assert register.locator(".pupil").nth(1).locator(".minutes input").input_value() == "12"
    assert register.evaluate("document.activeElement.className") == "note"


def test_nothing_is_called_saved_while_a_tap_is_on_its_way(register: Page) -> None:
    """A tap that comes while the page checks for waiting marks, and cannot be sent."""
    register.evaluate(
        """() => {
          const { getAll } = IDBObjectStore.prototype;
          const look = () => said.push(document.querySelector(".status").textContent);
          window.said = [];
          IDBObjectStore.prototype.getAll = function () {
            const asked = getAll.call(this);
            asked.addEventListener("success", () => {
              const chip = document.querySelector(".chip"); // not there yet while the page starts
              if (!chip || said.length || this.name !== "marks" || asked.result.length) return;
              window.fetch = () => Promise.reject(new TypeError("no network"));
              chip.click();
              look();
              new MutationObserver(look).observe(document.querySelector(".status"), { childList: true });
            });
            return asked;
          };
        }"""
    )
    tap(register, 0, "late")
    says(register, "Offline: 1 change kept")
    assert [text for text in register.evaluate("said") if not text.startswith("Offline")] == ["Saving"]


def notes(lesson: Lesson) -> list[str]:
    return [mark["note"] for mark in reported(lesson)]


def test_a_note_goes_with_its_mark(register: Page, lesson: Lesson) -> None:
    tap(register, 0, "absent")
    register.locator(".pupil").first.focus()
    register.keyboard.press("n")
    register.keyboard.type("Left his bag")
    register.keyboard.press("Tab")
    assert processes.until(lambda: notes(lesson) == ["Left his bag"], 10)


@pytest.mark.parametrize("decision", ["Keep theirs", "Use mine"])
def test_two_who_disagree_decide(
    decision: str, register: Page, device: Callable[..., Device], here: Place, lesson: Lesson
) -> None:
    other = device(here.colleague).tab()
    opened(other, lesson)
    tap(other, 29, "late")
    saved(other)
    student = tap(register, 29, "absent")
    register.locator(".conflict", has_text="Bob Nowak marked").wait_for()
    register.evaluate("scrollTo(0, 0)")
    register.locator(".status a").tap()
    assert register.evaluate("document.activeElement.id") == f"pupil-{student}"
    register.get_by_role("button", name=decision).tap()
    saved(register)
    assert list(codes(lesson).values()) == (["L"] if decision == "Keep theirs" else ["N"])
    register.locator(".finish").tap()
    until(register, AT_HOME)
    said(register, "register taken")


def test_what_a_colleague_says_shows_up(
    register: Page, device: Callable[..., Device], here: Place, lesson: Lesson
) -> None:
    other = device(here.colleague).tab()
    opened(other, lesson)
    tap(other, 3, "absent")
    saved(other)
    register.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    register.locator(".aside", has_text="Bob Nowak marked").wait_for()
    assert register.locator(".pupil").nth(3).locator(".absent input").is_checked()


def test_one_button_confirms_what_is_planned(page: Page, here: Place, lesson: Lesson) -> None:
    away = here.students[2]
    PlannedAbsenceFactory.create(student=away, first_day=lesson.date, reason="Dentist")
    opened(page, lesson)
    assert page.locator(".planned .plan").inner_text() == "Planned: Medical or dental appointment"
    assert "Dentist" not in page.content()
    name = page.locator(".planned legend").bounding_box()
    assert name and name["width"] > name["height"], "the name fits beside its choices"
    assert "1 away as planned" in page.locator(".finish").inner_text() or page.locator(".suggested").is_visible()
    page.locator(".finish").tap()
    until(page, AT_HOME)
    said(page, "29 present, 1 absent")
    assert standing(lesson) == {away.pk: "M"}


def test_whoever_is_first_completes_it(
    register: Page, device: Callable[..., Device], here: Place, lesson: Lesson
) -> None:
    other = device(here.colleague).tab()
    opened(other, lesson)
    other.locator(".finish").tap()
    until(other, AT_HOME)
    tap(register, 0, "absent")
    saved(register)
    register.locator(".finish").tap()
    until(register, AT_HOME)
    said(register, "had finished this register already")
    assert not standing(lesson)
    assert reconcile(timezone.now()).late == 1
    assert [each.to_code for each in Register.objects.get(pk=lesson.pk).amendments.all()] == ["N"]


def test_every_control_is_where_it_shows(register: Page) -> None:
    tap(register, 1, "late")
    assert register.evaluate(COVERED) == []


LOOKS = """Object.fromEntries([...document.querySelectorAll('.bar a:not([aria-current]), .bar button')].map((each) =>
    [each.textContent.trim(), ["color", "backgroundColor", "borderColor", "textDecorationLine", "fontWeight", "padding"]
        .map((name) => getComputedStyle(each)[name]).join()]))"""


def test_the_bar_at_the_top_looks_as_on_other_pages(device: Callable[..., Device], here: Place, lesson: Lesson) -> None:
    """The register does not load the shared style sheet."""
    page = device(here.teacher, viewport={"width": 1280, "height": 900}).tab()
    page.goto("/accounts/sessions/")
    elsewhere = page.evaluate(LOOKS)
    opened(page, lesson)
    here_too = page.evaluate(LOOKS)
    assert "Sign out" in here_too
    here_too.pop("", None)  # the search, which is a link here
    assert {name: look for name, look in elsewhere.items() if name in here_too} == here_too


def test_the_bar_never_covers_the_row_in_focus(device: Callable[..., Device], here: Place, lesson: Lesson) -> None:
    page = device(here.teacher, viewport={"width": 320, "height": 640}).tab()
    opened(page, lesson)
    page.locator(".pupil").first.focus()
    for _ in range(29):
        page.keyboard.press("ArrowDown")
        clear = page.evaluate("""() => document.activeElement.getBoundingClientRect().bottom
            <= document.querySelector(".actions").getBoundingClientRect().top + 1""")
        assert clear
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_who_is_signed_out_is_asked_to_sign_in(register: Page, alice: Device, here: Place, lesson: Lesson) -> None:
    alice.context.clear_cookies()
    tap(register, 0, "absent")
    saved(register)  # the ticket is enough for a mark
    register.locator(".finish").tap()
    says(register, "Sign in again to send 1 change")
    alice.sign_in(cookie_of(here.teacher))
    register.evaluate("dispatchEvent(new Event('online'))")
    until(register, AT_HOME)
    said(register, "29 present, 1 absent")
