"""Signing out reaches every device: whatever it keeps with names is deleted, and marks that wait to be sent stay."""

import json
from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import Page, Route

from browser.marks import SEEN, codes, opened, rows, says
from browser.product import PASSWORD, Place, cookie_of
from browser.tab import AT_HOME, READY, Device, make_mine, student_of, tap, until
from lessons.models import BrowserSession, Lesson, Membership, User

KEPT = "caches.match('/day-pack').then(Boolean)"
GONE = """Promise.all(["/day-pack", "/evacuation/", "/shell/register"].map((path) => caches.match(path)))
    .then((found) => !found.some(Boolean))"""
AT_SIGN_IN = "location.pathname === '/accounts/login/'"
WITHIN = 10  # seconds


@pytest.fixture
def desk(device: Callable[..., Device], here: Place) -> Device:
    """Another device of the same teacher."""
    return device(here.teacher)


def sign_out_everywhere_else(device: Device) -> None:
    page = device.tab()
    page.goto("/accounts/sessions/")
    page.get_by_role("button", name="Sign out everywhere else").tap()
    page.get_by_text("You are signed out everywhere else.").wait_for()


def sign_out(page: Page) -> None:
    page.goto("/accounts/sessions/")
    page.get_by_role("button", name="Sign out", exact=True).tap()
    page.wait_for_url("**/accounts/login/**")


def sign_in(page: Page, user: User, *, own: bool = False) -> None:
    """Signs in on the sign-in page."""
    page.fill("#id_username", user.username)
    page.fill("#id_password", PASSWORD)
    page.get_by_label("This is my own device").set_checked(own)
    page.get_by_role("button", name="Sign in").click()


def report(page: Page, ticket: str, lesson: Lesson, student: int) -> int:
    """Reports with only a ticket; returns the status."""
    path = f"/api/v1/lessons/{lesson.pk}/absences/{student}"
    answer = page.request.put(
        path, data="{}", headers={"Authorization": f"Bearer {ticket}", "Content-Type": "application/json"}
    )
    return answer.status


def hold_marks_back(device: Device) -> None:
    device.context.route("**/absences", lambda route: route.abort())


def let_marks_go(device: Device) -> None:
    device.context.unroute("**/absences")


def test_a_kept_device_forgets_the_names_and_keeps_what_waits(
    own: Page, alice: Device, desk: Device, here: Place, lesson: Lesson
) -> None:
    own.goto("/evacuation/")
    own.goto(f"/lessons/{lesson.pk}/")
    until(own, READY)
    hold_marks_back(alice)
    student = tap(own, 0, "absent")
    says(own, "Offline: 1 change")
    own.goto("about:blank")
    sign_out_everywhere_else(desk)
    own.goto(f"/lessons/{lesson.pk}/")  # answered by the device at once
    until(own, AT_SIGN_IN)
    until(own, GONE)
    assert own.evaluate("localStorage.getItem('mine')") is None
    assert [each["student"] for each in rows(own, "marks")] == [student]
    assert not any(each.name in json.dumps(rows(own, "marks")) for each in here.students)
    let_marks_go(alice)
    sign_in(own, here.teacher, own=True)
    own.wait_for_url(f"**/lessons/{lesson.pk}/?fresh")
    says(own, "All changes saved")
    assert codes(lesson) == {student: "N"}


def test_its_ticket_dies_within_ten_seconds_and_the_one_that_stays_does_not(
    own: Page, desk: Device, lesson: Lesson
) -> None:
    page = opened(desk.tab(), lesson)
    student = student_of(page, 0)
    [theirs], [ours] = ([row["ticket"] for row in rows(each, "tickets")] for each in (own, page))
    assert (report(own, theirs, lesson, student), report(own, ours, lesson, student)) == (202, 202)
    sign_out_everywhere_else(desk)
    begun = monotonic()
    while report(own, theirs, lesson, student) != 401:
        assert monotonic() - begun < WITHIN + 2
        own.wait_for_timeout(250)
    for _ in range(3):
        assert report(own, ours, lesson, student) == 202
    tap(page, 1, "absent")
    says(page, "All changes saved")


def test_a_shared_machine_keeps_tickets_only_for_what_waits(alice: Device, here: Place) -> None:
    """The session has ended with the browser; the next user finds the sign-in page."""
    first, second = here.lesson(), here.lesson()
    page = opened(alice.tab(), first)
    tap(page, 0, "absent")
    says(page, "All changes saved")
    page = opened(page, second)
    hold_marks_back(alice)
    tap(page, 0, "absent")
    says(page, "Offline: 1 change")
    alice.context.clear_cookies()
    page.goto("/accounts/login/")
    page.wait_for_load_state("networkidle")
    assert [row["lesson"] for row in rows(page, "tickets")] == [second.pk]
    assert len(rows(page, "marks")) == 1


def test_a_register_that_is_open_leaves_once_its_sign_in_has_ended(
    alice: Device, desk: Device, here: Place, lesson: Lesson
) -> None:
    """On a device that keeps nothing, too."""
    page = opened(alice.tab(), lesson)
    hold_marks_back(alice)
    sign_out_everywhere_else(desk)
    tap(page, 0, "absent")
    page.wait_for_timeout((WITHIN + 1) * 1000)
    let_marks_go(alice)
    page.evaluate(SEEN)  # one of its two requests finds out, the other may still be answered
    page.wait_for_timeout(1000)
    page.evaluate(f"{AT_SIGN_IN} || {SEEN}")
    until(page, AT_SIGN_IN)
    assert len(rows(page, "marks")) == 1
    sign_in(page, here.teacher)
    page.wait_for_url(f"**/lessons/{lesson.pk}/")
    says(page, "All changes saved")


def test_idle_time_does_not_stop_who_is_tapping(register: Page, alice: Device, here: Place, lesson: Lesson) -> None:
    BrowserSession.objects.filter(user=here.teacher).update(seen_at="2026-01-01T00:00Z")
    student = tap(register, 0, "absent")
    says(register, "All changes saved")
    register.evaluate(SEEN)
    register.wait_for_timeout(500)
    assert codes(lesson) == {student: "N"} and register.locator("#register").count() == 1
    register.locator(".finish").tap()
    says(register, "Sign in again to send 1 change")


@pytest.mark.parametrize("lost", ["deactivated", "password", "role"])
def test_who_may_no_longer_come_in_keeps_no_names(lost: str, own: Page, here: Place, lesson: Lesson) -> None:
    user = User.objects.get(pk=here.teacher.pk)
    if lost == "deactivated":
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif lost == "password":
        user.set_password("another good one")
        user.save()
    else:
        Membership.objects.filter(user=user).delete()
    own.goto(f"/lessons/{lesson.pk}/", wait_until="commit")
    until(own, "caches.match('/day-pack').then((found) => !found)")
    until(own, "!document.querySelector('#register')")


def test_signing_in_asks_once_whether_the_device_is_ones_own(
    device: Callable[..., Device], here: Place, lesson: Lesson
) -> None:
    page = device().tab()
    for own in (True, False):
        page.goto("/accounts/login/")
        sign_in(page, here.teacher, own=own)
        until(page, AT_HOME)
        until(page, f"document.querySelector('#mine input').checked === {str(own).lower()}")
        until(page, f"{KEPT}.then((kept) => kept === {str(own).lower()})")
        sign_out(page)


def test_todays_page_takes_it_back(own: Page, here: Place) -> None:
    assert BrowserSession.objects.get(user=here.teacher).own_device
    own.goto("/")
    until(own, "document.querySelector('#mine input').checked")
    own.locator("#mine input").uncheck()
    until(own, "!document.querySelector('#mine input').disabled")
    until(own, GONE)
    assert not BrowserSession.objects.get(user=here.teacher).own_device
    own.reload()
    until(own, "!document.querySelector('#mine').hidden")
    assert not own.locator("#mine input").is_checked()


def test_where_nothing_waits_all_storage_goes_but_no_cookie(page: Page, alice: Device, here: Place) -> None:
    alice.context.clear_cookies()
    page.goto("/accounts/login/")
    sign_in(page, here.teacher, own=True)
    until(page, AT_HOME)
    until(page, KEPT)
    sign_out(page)
    assert until(page, "indexedDB.databases().then((all) => all.length === 0)")
    assert page.evaluate("localStorage.length") == 0
    assert "device" in {cookie["name"] for cookie in alice.context.cookies()}


@pytest.mark.parametrize("whose", ["own", "another's"])
def test_where_something_waits_it_stays(whose: str, own: Page, alice: Device, here: Place, lesson: Lesson) -> None:
    """Also if the marks belong to another user of the device."""
    hold_marks_back(alice)
    tap(own, 0, "absent")
    says(own, "Offline: 1 change")
    own.on("dialog", lambda dialog: dialog.accept())
    if whose == "another's":
        own.goto("about:blank")
        alice.context.clear_cookies()
        alice.sign_in(cookie_of(here.colleague))
    sign_out(own)
    until(own, GONE)
    assert len(rows(own, "marks")) == 1


def test_what_another_tab_taps_meanwhile_stays(alice: Device, lesson: Lesson) -> None:
    """Between the count of waiting marks and the answer that clears the storage."""
    register, other = opened(alice.tab(), lesson), alice.tab()
    hold_marks_back(alice)
    other.goto("/accounts/sessions/")
    leaving: list[Route] = []
    alice.context.route("**/accounts/logout/", lambda route: leaving.append(route))
    other.get_by_role("button", name="Sign out", exact=True).tap(no_wait_after=True)
    for _ in range(100):
        if not leaving:
            other.wait_for_timeout(50)
    assert "waits=nothing" in (leaving[0].request.post_data or "")
    student = tap(register, 0, "absent")
    register.wait_for_timeout(500)
    leaving[0].continue_()
    until(register, AT_SIGN_IN)
    assert [each["student"] for each in rows(register, "marks")] == [student]


def test_the_other_tabs_leave_too(alice: Device, lesson: Lesson) -> None:
    register, other = alice.tab(), alice.tab()
    opened(register, lesson)
    register.goto("/")
    other.goto("/")
    sign_out(other)
    until(register, AT_SIGN_IN)
    register.go_back()
    until(register, AT_SIGN_IN)
    assert register.locator(".pupil").count() == 0


def test_a_day_pack_that_has_not_changed_is_not_sent_again(page: Page) -> None:
    """Through the service worker too, which reads from each answer who is signed in."""
    page.goto("/")
    make_mine(page)
    with page.expect_response("**/day-pack") as found:
        page.reload()
    assert found.value.status == 304
    until(page, "!document.querySelector('#mine input').disabled")
    assert page.evaluate(KEPT)
