"""Registers without a network: every tap that the device confirmed ends in the record, with its time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Dialog, Page

from absences.registers import completion
from absences.repair.reconcile import reconcile
from browser.marks import codes, reported, saved, says
from browser.product import Place, Product, cookie_of
from browser.tab import AT_HOME, READY, Device, make_mine, student_of, until
from dev import processes
from lessons.factories import PlannedAbsenceFactory
from lessons.models import Enrolment, Lesson, Mark, Register, Student

GONE = "caches.match('/day-pack').then((found) => !found)"

KEPT = "caches.match('/day-pack').then((found) => found?.text() ?? '')"

# A pack as an earlier release kept it, with the reason of a planned absence.
AGED = """caches.open("attendance-day").then(async (day) => {
    const pack = await (await day.match("/day-pack")).json();
    pack.lessons[0].roster[0].plan = { code: "M", word: "Medical", reason: "Oncology" };
    await day.put("/day-pack", new Response(JSON.stringify({ ...pack, format: pack.format - 1 }))); })"""

# As after a night: marks need a new ticket, which lists the students enrolled now.
NO_TICKETS = """new Promise((done) => { const open = indexedDB.open("attendance"); open.onsuccess = () => {
    const change = open.result.transaction("tickets", "readwrite");
    change.objectStore("tickets").clear();
    change.oncomplete = () => (open.result.close(), done(true)); }; })"""


@pytest.fixture
def register(own: Page) -> Page:
    """Returns a register. Every test here starts on a device that opens it without a network."""
    return own


def mark_five(page: Page) -> None:
    for row in range(5):
        page.locator(".pupil").nth(row).locator(".choice.absent").tap()
    says(page, "Offline: 5 changes")


def absent(lesson: Lesson) -> int:
    return Mark.objects.filter(register=lesson.pk, code="N").count()


def test_five_marks_outlive_reload_finish_and_a_closed_tab(
    register: Page, alice: Device, here: Place, lesson: Lesson
) -> None:
    alice.offline()
    begun = timezone.now()
    mark_five(register)
    register.reload()
    until(register, READY)
    assert register.locator(".absent input:checked").count() == 5
    register.locator(".finish").tap()
    register.get_by_text("finished on this device at").first.wait_for()
    ended = timezone.now()
    register.close()
    assert not Register.objects.exists() or not Register.objects.filter(pk=lesson.pk).exists()
    alice.offline(False)
    page = alice.tab()
    page.goto("/")
    page.locator(f"[data-lesson='{lesson.pk}'] .done").wait_for()
    assert absent(lesson) == 5
    found = Register.objects.get(pk=lesson.pk)
    second = timedelta(seconds=1)
    assert begun - second <= found.taken_at <= ended + second
    assert all(begun - second <= mark.reported_at <= ended + second for mark in found.marks.all())


def test_what_was_sent_is_what_opens_without_a_network(register: Page, alice: Device, lesson: Lesson) -> None:
    """Otherwise the pack's older mark would be shown as chosen, and tapping it would change nothing."""
    row = register.locator(".pupil").first
    for what in ("absent", "late"):
        row.locator(f".choice.{what}").tap()
        saved(register)
    minutes = row.locator("input[name^=minutes]").input_value()
    [mark] = reported(lesson)
    assert (mark["code"], str(mark["minutes_late"])) == ("L", minutes)
    alice.offline()
    register.reload()
    until(register, READY)
    assert row.locator(".late input").is_checked()
    assert row.locator("input[name^=minutes]").input_value() == minutes
    row.locator(".choice.present").tap()
    says(register, "Offline: 1 change")
    alice.offline(False)
    saved(register)
    [mark] = reported(lesson)
    assert mark["code"] == "/"


def test_a_pack_of_an_older_format_is_gone_at_once(register: Page, here: Place, lesson: Lesson) -> None:
    """It holds reasons for absence: no page is made from it, and it is deleted."""
    PlannedAbsenceFactory.create(student=here.students[2], first_day=lesson.date, reason="Oncology")
    register.wait_for_load_state("networkidle")  # the page asks for a newer pack
    register.evaluate(AGED)
    assert until(register, f"{KEPT}.then((text) => text.includes('Oncology'))")
    register.reload()
    until(register, READY)
    until(register, f"{KEPT}.then((text) => !text.includes('Oncology'))")
    assert register.locator(".planned .plan").inner_text() == "Planned: Medical or dental appointment"


def test_today_opens_without_a_network(register: Page, alice: Device, lesson: Lesson) -> None:
    alice.offline()
    mark_five(register)
    register.goto("/")
    entry = register.locator(f"[data-lesson='{lesson.pk}']")
    entry.get_by_text("5 changes are waiting to be sent").wait_for()
    entry.locator("a").tap()
    until(register, READY)
    assert register.locator(".absent input:checked").count() == 5


def test_a_server_that_dies_meanwhile(register: Page, product: Product, lesson: Lesson) -> None:
    product.server.kill()
    mark_five(register)
    register.locator(".finish").tap()
    register.get_by_text("finished on this device at").first.wait_for()
    product.start()
    register.evaluate("dispatchEvent(new Event('online'))")
    until(register, AT_HOME)
    assert absent(lesson) == 5


def test_a_sign_in_that_ends_meanwhile(register: Page, alice: Device, here: Place, lesson: Lesson) -> None:
    alice.offline()
    mark_five(register)
    register.locator(".finish").tap()
    alice.context.clear_cookies()
    alice.offline(False)
    says(register, "Sign in again to send 1 change")
    assert len(reported(lesson)) == 5, "the ticket was enough for these"
    alice.sign_in(cookie_of(here.teacher))
    register.evaluate("dispatchEvent(new Event('online'))")
    until(register, AT_HOME)
    assert absent(lesson) == 5


def test_a_colleague_who_completes_it_meanwhile(register: Page, alice: Device, here: Place, lesson: Lesson) -> None:
    alice.offline()
    mark_five(register)
    register.locator(".finish").tap()
    completion.complete(here.colleague, lesson.pk, now=timezone.now())
    alice.offline(False)
    until(register, AT_HOME)
    register.locator(".messages", has_text="Bob Nowak had finished this register already").wait_for()
    reconcile(timezone.now())
    assert Register.objects.get(pk=lesson.pk).amendments.filter(to_code="N").count() == 5


def test_two_tabs_are_one_device(register: Page, alice: Device, lesson: Lesson) -> None:
    other = alice.tab()
    other.goto(f"/lessons/{lesson.pk}/")
    until(other, READY)
    alice.offline()
    register.locator(".pupil").nth(0).locator(".choice.absent").tap()
    until(other, "document.querySelector('.pupil .absent input').checked")
    other.locator(".pupil").nth(0).locator(".choice.late").tap()
    until(register, "document.querySelector('.pupil .late input').checked")
    alice.offline(False)
    saved(other)
    assert [mark["code"] for mark in reported(lesson)] == ["L"]


def test_signing_out_asks_and_takes_the_names_along(register: Page, alice: Device, lesson: Lesson) -> None:
    alice.offline()
    mark_five(register)
    register.goto("/")
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    register.on("dialog", answer)
    alice.context.route("**/absences", lambda route: route.abort())
    alice.offline(False)
    register.goto("/accounts/sessions/")
    register.get_by_role("button", name="Sign out", exact=True).tap()
    register.wait_for_url("**/accounts/login/**")
    assert ["marks have not been sent yet" in each for each in asked] == [True]
    assert until(register, GONE)


def test_the_evacuation_list_opens_without_a_network(register: Page, alice: Device, here: Place) -> None:
    name = here.students[0].name
    register.goto("/evacuation/")
    alice.offline()
    register.goto("/")
    register.get_by_role("link", name="Evacuation list").tap()
    register.get_by_text(name).wait_for()
    assert register.evaluate("getComputedStyle(document.querySelector('.evacuees')).tableLayout") == "fixed", (
        "its style"
    )
    alice.offline(False)
    register.goto("/accounts/sessions/")
    register.get_by_role("button", name="Sign out", exact=True).tap()
    register.wait_for_url("**/accounts/login/**")
    until(register, "caches.match('/evacuation/').then((found) => !found)")


def test_another_user_of_the_device_gets_nothing(
    register: Page, alice: Device, device: Callable[..., Device], here: Place, lesson: Lesson
) -> None:
    alice.context.clear_cookies()
    alice.sign_in(cookie_of(here.colleague))
    register.goto(f"/lessons/{lesson.pk}/")
    until(register, "location.search === '?fresh'")
    until(register, GONE)
    register.goto("/")
    until(register, "document.querySelector('#mine input') && !document.querySelector('#mine input').checked")


def test_a_name_is_text(page: Page, here: Place, lesson: Lesson) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    Student.objects.filter(pk=here.students[0].pk).update(legal_name=hostile, preferred_name="")
    page.goto("/")
    make_mine(page)
    page.goto(f"/lessons/{lesson.pk}/")
    until(page, READY)
    assert page.locator("legend", has_text=hostile).count() == 1
    assert page.locator("main img").count() == 0


def test_one_who_left_the_class_keeps_no_other_mark_back(
    register: Page, alice: Device, here: Place, lesson: Lesson
) -> None:
    alice.offline()
    for row in range(2):
        register.locator(".pupil").nth(row).locator(".choice.absent").tap()
    says(register, "Offline: 2 changes")
    left, stays = (student_of(register, row) for row in range(2))
    Enrolment.objects.filter(group=lesson.group_id, student=left).delete()
    register.evaluate(NO_TICKETS)
    alice.offline(False)
    says(register, "Something could not be taken in")
    until(register, "document.querySelectorAll('.pupil.attention').length === 1")
    assert processes.until(lambda: list(codes(lesson)) == [stays], 10)
    assert "Not on the roster" in register.locator(".attention .aside").inner_text()
    assert register.locator(".status a").get_attribute("href") == f"#pupil-{left}"
    register.goto(f"/lessons/{lesson.pk}/?fresh")  # as it is now, without that student
    notice = register.locator(".notice", has_text="Not on the roster")
    notice.wait_for()
    says(register, "Every tap is saved at once")
    notice.get_by_role("button", name="All right").tap()
    notice.wait_for(state="detached")
    register.reload()
    says(register, "Every tap is saved at once")
    assert register.locator(".notice", has_text="Not on the roster").count() == 0
