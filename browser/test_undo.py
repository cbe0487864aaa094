"""Undo takes back the user's own last choice, whether or not it was sent, and nobody else's."""

from playwright.sync_api import Page

from browser.marks import SEEN, UNMARKED, again, codes, opened, report, saved, shown, shows, stored
from browser.product import Place
from browser.tab import AT_HOME, MARKS, Device, Held, make_mine, tap, until
from lessons.models import Lesson, Mark


def test_undo_to_a_code_of_the_office_opens_without_a_network(
    page: Page, alice: Device, here: Place, lesson: Lesson
) -> None:
    report(here.office, lesson, "I")
    page.goto("/")
    make_mine(page)
    opened(page, lesson)
    tap(page, 0, "absent")
    saved(page)
    page.locator(".undo").tap()
    shows(page, "I")
    saved(page)
    alice.offline()
    again(page)
    assert shown(page) == "I"
    assert "Illness" in page.locator(".pupil").first.inner_text()


def test_undo_undoes_nobody_elses_mark(register: Page, here: Place, lesson: Lesson) -> None:
    tap(register, 1, "absent")
    tap(register, 0, "absent")
    saved(register)
    report(here.colleague, lesson, "L", minutes_late=5)
    register.evaluate(SEEN)
    shows(register, "L")
    register.locator(".undo").tap()  # her own last choice, which was for the other pupil
    shows(register, "/", 1)
    saved(register)
    assert (stored(lesson), stored(lesson, 1)) == (("L", 5, ""), ("/", None, ""))


def test_after_keeping_theirs_there_is_nothing_to_undo(register: Page, here: Place, lesson: Lesson) -> None:
    report(here.colleague, lesson, "L", minutes_late=5)
    tap(register, 0, "absent")
    register.get_by_role("button", name="Keep theirs").click()
    shows(register, "L")
    until(register, "document.querySelector('.undo').hidden")
    assert stored(lesson) == ("L", 5, "")


def test_undo_puts_back_late_as_it_was(register: Page, here: Place, lesson: Lesson) -> None:
    """Without minutes if there were none; closing the lesson does not add them."""
    report(here.teacher, lesson, "U")
    again(register)
    tap(register, 0, "absent")
    saved(register)
    register.locator(".undo").tap()
    shows(register, "U")
    saved(register)
    assert stored(lesson) == ("U", None, "")


def test_undo_of_two_taps_whose_first_was_sent(register: Page, lesson: Lesson) -> None:
    """The first one's answer was lost: the server has the mark, so it must be taken back there."""
    held = Held(register, MARKS, "POST")
    tap(register, 0, "absent")
    held.caught()
    tap(register, 0, "late")
    register.locator(".undo").tap()
    shows(register, "N")
    register.locator(".undo").tap()
    shows(register, "/")
    held.lose()
    register.evaluate(SEEN)
    saved(register)
    assert stored(lesson) == ("/", None, "")


def test_undo_keeps_the_minutes_before(register: Page, lesson: Lesson) -> None:
    chips = register.locator(".pupil").first.locator(".chip")
    tap(register, 0, "late")
    saved(register)
    held = Held(register, MARKS, "POST")
    chips.nth(0).tap()
    held.caught()
    chips.nth(2).tap()
    register.locator(".undo").tap()
    until(register, "document.querySelector('.pupil input[name^=minutes]').value === '5'")
    held.lose()
    register.evaluate(SEEN)
    saved(register)
    assert stored(lesson) == ("L", 5, "")


def test_what_was_taken_back_is_not_sent(register: Page, alice: Device, here: Place, lesson: Lesson) -> None:
    """Marks of two lessons wait. While those of the first are sent, one of the second is taken back."""
    other = here.lesson()
    second = opened(alice.tab(), other)
    held = Held(register, MARKS, "POST")
    tap(register, 1, "absent")
    held.caught()
    tap(register, 0, "absent")
    tap(second, 0, "absent")
    until(second, "!document.querySelector('.undo').hidden")
    held.let_one_go()
    second.locator(".undo").tap()
    until(second, UNMARKED)
    held.let_go()
    saved(register)
    second.wait_for_timeout(500)
    assert (stored(lesson), stored(other)) == (("N", None, ""), None)
    assert shown(second) is None


def test_another_tab_is_told_what_was_taken_back(register: Page, alice: Device, lesson: Lesson) -> None:
    other = opened(alice.tab(), lesson)
    held = Held(register, MARKS, "POST")
    tap(register, 1, "absent")
    held.caught()
    tap(register, 0, "absent")
    shows(other, "N")
    register.locator(".undo").tap()
    until(other, UNMARKED)
    held.let_go()
    tap(other, 0, "absent")
    saved(other)
    assert stored(lesson) == ("N", None, "")


def test_undo_puts_back_what_the_office_had_said(page: Page, here: Place, lesson: Lesson) -> None:
    """With a code that teachers cannot give."""
    report(here.office, lesson, "M")
    opened(page, lesson)
    assert shown(page) == "M"
    student = tap(page, 0, "absent")
    saved(page)
    assert codes(lesson) == {student: "N"}
    page.locator(".undo").tap()
    shows(page, "M")
    saved(page)
    assert page.locator(".notice").count() == 0
    assert codes(lesson) == {student: "M"}
    page.locator(".finish").tap()
    until(page, AT_HOME)
    assert list(Mark.objects.filter(register=lesson.pk).values_list("student_id", "code")) == [(student, "M")]


def test_undo_goes_back_one_by_one(register: Page, lesson: Lesson) -> None:
    tap(register, 0, "absent")
    saved(register)
    tap(register, 0, "late")
    tap(register, 1, "absent")
    saved(register)
    register.locator(".undo").tap()
    shows(register, "/", 1)
    register.locator(".undo").tap()
    shows(register, "N")
    saved(register)
    assert sorted(codes(lesson).values()) == ["/", "N"]
