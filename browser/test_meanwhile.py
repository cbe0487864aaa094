"""Other users, other tabs and slow answers during a register: the choice shown is the choice stored, and nothing else
is stored."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route

from absences.registers import completion
from browser.marks import SEEN, again, opened, report, saved, shown, shows, stored
from browser.product import Place
from browser.tab import AT_HOME, MARKS, OVERLAP, READY, Device, Held, make_mine, tap, until
from lessons.models import Lesson, Student


def test_back_shows_what_stands(register: Page, here: Place, lesson: Lesson) -> None:
    tap(register, 0, "absent")
    saved(register)
    register.goto("/")
    report(here.colleague, lesson, "/")
    register.go_back()
    until(register, READY)
    assert shown(register) == "/"
    tap(register, 0, "absent")
    saved(register)
    assert stored(lesson) == ("N", None, "")


def test_back_shows_what_stands_without_javascript(device: Callable[..., Device], here: Place, lesson: Lesson) -> None:
    page = device(here.teacher, java_script_enabled=False).tab()
    page.goto(f"/lessons/{lesson.pk}/")
    page.locator(".pupil").first.locator(".choice.absent").click()
    page.locator(".save").click()
    page.goto("/")
    report(here.colleague, lesson, "/")
    page.go_back()
    page.locator(".pupil").nth(1).locator(".choice.absent").click()
    page.locator(".save").click()
    assert (stored(lesson), stored(lesson, 1)) == (("/", None, ""), ("N", None, ""))


@pytest.mark.parametrize(("code", "word"), [("I", "Illness"), ("U", "Late")])
def test_a_device_of_ones_own_shows_any_code(page: Page, here: Place, lesson: Lesson, code: str, word: str) -> None:
    report(here.office, lesson, code, minutes_late=40 if code == "U" else None)
    page.goto("/")
    make_mine(page)
    opened(page, lesson)
    assert shown(page) == code
    assert word in page.locator(".pupil").first.locator("label:has(input:checked)").inner_text()


def test_a_code_that_the_page_has_no_button_for(register: Page, here: Place, lesson: Lesson) -> None:
    tap(register, 0, "absent")
    saved(register)
    report(here.office, lesson, "I")
    register.evaluate(SEEN)
    shows(register, "I")
    assert f"marked {lesson.enrolled()[0].name} I at" in register.locator(".pupil").first.inner_text()


def test_a_tap_before_the_script_is_there(page: Page, lesson: Lesson) -> None:
    held = Held(page, "**/attendance*.js")
    page.goto(f"/lessons/{lesson.pk}/", wait_until="commit")
    held.caught()
    tap(page, 0, "absent")
    held.let_go()
    until(page, READY)
    saved(page)
    assert (shown(page), stored(lesson)) == ("N", ("N", None, ""))


def test_a_form_that_came_back_stays_one(page: Page, here: Place, lesson: Lesson) -> None:
    """A page restored by the browser keeps its choices but must not post them as a form."""
    scripts = Held(page, "**/attendance*.js")
    page.goto(f"/lessons/{lesson.pk}/", wait_until="commit")
    scripts.caught()
    report(here.colleague, lesson, "L", minutes_late=4)
    tap(page, 0, "absent")
    tap(page, 1, "absent")
    page.locator(".save").tap()
    page.locator(".choice", has_text="Use mine: absent").tap()
    scripts.let_go()
    page.locator(".save").tap()
    page.locator(".messages").wait_for()
    assert (stored(lesson), stored(lesson, 1)) == (("N", None, ""), ("N", None, ""))


def test_a_note_stays_with_a_mark_that_changes_later(register: Page, lesson: Lesson) -> None:
    row = register.locator(".pupil").first
    for minutes in (0, 1):
        if not minutes:
            tap(register, 0, "late")
            row.focus()
            register.keyboard.press("n")
            row.locator(".note").fill("Bus broke down")
            register.keyboard.press("Tab")
            saved(register)
            again(register)
        row.locator(".chip").nth(minutes).tap()
        saved(register)
        assert stored(lesson) == ("L", (5, 10)[minutes], "Bus broke down")
        again(register)


def test_a_note_stays_without_javascript(device: Callable[..., Device], here: Place, lesson: Lesson) -> None:
    """Even if a colleague has reported something else meanwhile, with another note."""
    report(here.teacher, lesson, "L", minutes_late=3, note="Bus broke down")
    page = device(here.teacher, java_script_enabled=False).tab()
    page.goto(f"/lessons/{lesson.pk}/")
    page.locator(".pupil").first.locator("input[name^=minutes]").fill("8")
    page.locator(".save").click()
    assert stored(lesson) == ("L", 8, "Bus broke down")
    page.locator(".pupil").first.locator("input[name^=minutes]").fill("9")
    report(here.colleague, lesson, "N", note="Mother rang")
    page.locator(".save").click()
    page.locator(".choice", has_text="Use mine: late").click()
    page.locator(".save").click()
    assert stored(lesson) == ("L", 9, "Bus broke down")


def test_an_answer_from_before_a_tap_is_no_news(register: Page, lesson: Lesson) -> None:
    tap(register, 0, "absent")
    saved(register)
    held = Held(register, MARKS)
    register.evaluate(SEEN)
    held.caught()
    tap(register, 0, "present")
    saved(register)
    held.let_go()
    register.wait_for_timeout(300)
    assert shown(register) == "/"
    assert stored(lesson) == ("/", None, "")


def test_a_pack_from_before_a_tap_does_not_replace_what_was_sent(
    own: Page, alice: Device, here: Place, lesson: Lesson
) -> None:
    report(here.colleague, lesson, "N", 3)  # so that there is a newer pack than the device's
    held = Held(own, "**/day-pack")
    again(own)  # checks whether the page is out of date
    held.caught()
    tap(own, 0, "absent")
    saved(own)
    held.let_go()
    own.wait_for_timeout(300)
    alice.offline()
    again(own)
    assert shown(own) == "N"


def test_a_pack_that_knows_no_marks_takes_none_away(own: Page, alice: Device, here: Place, lesson: Lesson) -> None:
    """As the server sends it while MongoDB does not answer."""

    def forget(route: Route) -> None:
        answer = route.fetch()
        pack = answer.json() | {"unknown": True}
        for each in pack["lessons"]:
            each["marks"] = []
        route.fulfill(response=answer, json=pack)

    tap(own, 0, "absent")
    saved(own)
    alice.context.route("**/day-pack", forget, times=1)
    with own.expect_response("**/day-pack"):
        again(own)
    own.wait_for_timeout(300)
    alice.offline()
    again(own)
    assert shown(own) == "N"


def test_what_others_said_opens_without_a_network(own: Page, alice: Device, here: Place, lesson: Lesson) -> None:
    tap(own, 0, "absent")
    saved(own)
    report(here.colleague, lesson, "/")
    own.evaluate(SEEN)
    shows(own, "/")
    own.wait_for_timeout(300)
    alice.offline()
    again(own)
    assert shown(own) == "/"


def test_nothing_waits_for_a_script_that_does_not_arrive(register: Page, here: Place, lesson: Lesson) -> None:
    """The day pack's script, on a page that came from the network."""
    register.evaluate(f"localStorage.setItem('mine', '{here.teacher.pk}')")
    Held(register, "**/device*.js")
    tap(register, 0, "absent")
    saved(register)
    register.locator(".finish").tap()
    until(register, AT_HOME)


def test_a_held_key_marks_one_pupil(register: Page) -> None:
    register.locator(".pupil").first.focus()
    register.keyboard.down("a")
    for _ in range(3):
        register.keyboard.down("a")
    register.keyboard.up("a")
    saved(register)
    assert register.locator(".absent input:checked").count() == 1


def test_keys_of_another_form_finish_nothing(register: Page) -> None:
    register.locator("summary", has_text="Somebody else is here").tap()
    register.locator("#someone").press("Control+Enter")
    register.wait_for_timeout(300)
    assert register.locator(".finish").is_enabled()


def test_late_again_keeps_the_minutes(register: Page, lesson: Lesson) -> None:
    tap(register, 0, "late")
    register.locator(".pupil").first.locator(".chip").nth(2).tap()
    register.locator(".pupil").first.focus()
    register.keyboard.press("l")
    saved(register)
    assert stored(lesson) == ("L", 15, "")


def test_the_bar_leads_from_one_to_the_next_who_is_to_be_decided(
    register: Page, alice: Device, here: Place, lesson: Lesson
) -> None:
    """Also if two have the same name, and for users of a screen reader. Another register does not get in the way."""
    name = "Charlie Quillfeather"
    pks = sorted(student.pk for student in lesson.enrolled()[:2])
    Student.objects.filter(pk__in=pks).update(legal_name=name, preferred_name="")
    again(register)
    link = register.locator(".status a")
    for row in (0, 1):
        report(here.colleague, lesson, "L", row, minutes_late=5)
        tap(register, row, "absent")
        register.locator(".conflict").nth(row).wait_for()
    for pk in pks:
        until(register, f"document.querySelector('.status a').hash === '#pupil-{pk}'")
        assert link.inner_text() == name
        until(register, f"document.querySelector('#aloud').textContent.includes({name!r})")
        if pk == pks[0]:
            other = opened(alice.tab(), here.lesson())
            tap(other, 0, "absent")
            saved(other)
        register.locator(f"#pupil-{pk} .conflict button").first.tap()
    saved(register)
    assert link.count() == 0


def test_a_conflict_that_nobody_decided_before_the_register_was_taken(
    register: Page, here: Place, lesson: Lesson
) -> None:
    """It waits on the register's page; today's page links there."""
    report(here.colleague, lesson, "L", minutes_late=5)
    tap(register, 0, "absent")
    register.get_by_role("button", name="Keep theirs").wait_for()
    completion.complete(here.colleague, lesson.pk, now=timezone.now())
    for decided in (False, True):
        register.goto("/")
        entry = register.locator(f"[data-lesson='{lesson.pk}']")
        entry.locator(".done").wait_for()
        register.wait_for_timeout(300)
        assert entry.locator(".waits").all_inner_texts() == (
            [] if decided else ["A mark could not be taken in: please look at it"]
        )
        assert not entry.evaluate(OVERLAP)
        assert register.locator("#waiting").is_hidden()
        register.goto("/?date=2026-01-05")  # a day without this lesson
        register.locator("h1").wait_for()
        register.wait_for_timeout(300)
        assert register.locator("#waiting a").count() == (0 if decided else 1)
        if not decided:
            register.locator("#waiting a").tap()
            name = lesson.enrolled()[0].name
            register.get_by_text(f"You had marked {name} absent: this register was taken without it.").wait_for()
            assert register.locator(".notice a").inner_text() == "Correct"
            register.get_by_role("button", name="Leave the register as it is").tap()
            register.get_by_role("button", name="Leave the register as it is").wait_for(state="detached")
