"""Trouble on a device marks nobody present, and reports nothing in another user's name."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route

from browser.marks import reported, rows, saved, says
from browser.product import Place, cookie_of
from browser.tab import AT_HOME, READY, Device, make_mine, tap, until
from lessons.models import Lesson, Notice, Register
from lessons.registers.state import state_of

FULL = """() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...given) {
        const request = put.apply(this, given);
        if (!this.transaction.full) queueMicrotask(() => this.transaction.abort());
        this.transaction.full = true;
        return request;
    };
}"""
# A device whose clock is an hour slow.
BEHIND = """const right = Date;
globalThis.Date = class extends right {
    constructor(...given) { given.length ? super(...given) : super(right.now() - 3600e3); }
    static now() { return right.now() - 3600e3; }
};"""
FRESH = "location.search === '?fresh' && performance.getEntriesByName('ready').length"


def stands(lesson: Lesson) -> dict[int, str | None]:
    """Returns the recorded codes of all students who are not simply present."""
    found = state_of(Register.objects.get(pk=lesson.pk), nation="england")
    return {pk: found.code_of(pk) for pk in found.roster if found.code_of(pk) != "/"}


def refuse(route: Route) -> None:
    if route.request.method == "POST":
        route.fulfill(status=400, content_type="application/problem+json", body='{"detail": "There is no such field."}')
    else:
        route.continue_()


def test_whose_mark_is_refused_is_not_stated(register: Page, lesson: Lesson) -> None:
    register.route("**/absences", refuse)
    student = tap(register, 0, "absent")
    says(register, "Something could not be taken in")
    assert register.locator(".pupil").first.locator("input:checked").count() == 0, "the row shows what will be recorded"
    register.locator(".finish").tap()
    until(register, AT_HOME)
    assert stands(lesson) == {student: None}


def test_what_is_refused_is_told_without_the_script_that_sorts_it(register: Page) -> None:
    register.route("**/refusing*.js", lambda route: route.abort())
    register.route("**/absences", refuse)
    tap(register, 0, "absent")
    says(register, "Something could not be taken in")
    assert "There is no such field." in register.locator(".pupil.attention").inner_text()


def test_where_the_device_keeps_nothing_the_form_takes_over(register: Page, lesson: Lesson) -> None:
    kept = tap(register, 0, "absent")
    saved(register)
    register.evaluate(FULL)
    lost = tap(register, 1, "late")
    says(register, "This device keeps no marks any more")
    register.locator(".finish").tap()
    until(register, AT_HOME)
    assert stands(lesson) == {kept: "N", lost: "L"}


def test_whoever_signs_in_next_reports_under_their_own_name(
    page: Page, alice: Device, here: Place, lesson: Lesson
) -> None:
    page.goto("/")
    make_mine(page)
    alice.context.clear_cookies()
    alice.sign_in(cookie_of(here.colleague))
    page.goto(f"/lessons/{lesson.pk}/")
    until(page, FRESH)
    tap(page, 0, "absent")
    saved(page)
    assert [mark["by_name"] for mark in reported(lesson)] == ["Bob Nowak"]


def test_signing_in_leaves_nothing_of_the_day_before_it(page: Page, alice: Device, here: Place) -> None:
    page.goto("/")
    make_mine(page)
    alice.context.clear_cookies()
    page.goto("/accounts/login/")
    page.fill("#id_username", "nobody")
    page.fill("#id_password", "wrong")
    page.click("main button[type=submit]")
    until(page, "caches.match('/day-pack').then((found) => !found)")


def test_a_wrong_clock_dates_no_mark(alice: Device, here: Place, lesson: Lesson) -> None:
    page = alice.tab()
    page.add_init_script(BEHIND)
    page.goto(f"/lessons/{lesson.pk}/")
    until(page, READY)
    tap(page, 0, "absent")
    saved(page)
    [mark] = reported(lesson)
    assert abs(mark["reported_at"] - timezone.now()) < timedelta(seconds=20)


@pytest.mark.parametrize("waits", [False, True])
def test_signing_out_leaves_no_ticket(waits: bool, register: Page, alice: Device) -> None:
    tap(register, 0, "absent")
    saved(register)
    if waits:
        register.on("dialog", lambda dialog: dialog.accept())
        alice.context.route("**/absences", lambda route: route.abort())
        tap(register, 1, "absent")
        says(register, "Offline: 1 change")
    register.goto("/accounts/sessions/")
    register.get_by_role("button", name="Sign out", exact=True).tap()
    register.wait_for_url("**/accounts/login/**")
    assert rows(register, "tickets") == []


def test_a_page_of_the_device_tells_the_office_too(
    page: Page, alice: Device, here: Place, lesson: Lesson, device: Callable[..., Device]
) -> None:
    page.goto("/")
    make_mine(page)
    alice.context.clear_cookies()
    alice.sign_in(cookie_of(here.teacher))  # the page, and the token of its form, are from before
    page.goto(f"/lessons/{lesson.pk}/")
    until(page, READY)
    page.locator(".someone summary").tap()
    page.locator("#someone").fill("A boy in a red scarf")
    page.get_by_role("button", name="Tell the office").tap()
    page.locator(".someone p", has_text="The office has been told").wait_for()
    assert [notice.text for notice in Notice.objects.filter(lesson=lesson)] == ["A boy in a red scarf"]
