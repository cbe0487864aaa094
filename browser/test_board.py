"""The board updates itself in a browser without disturbing its user."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from absences.registers import completion
from browser.product import Place
from browser.tab import DESK, Device, until
from lessons.models import BrowserSession, Lesson

LOOK_NOW = "document.dispatchEvent(new Event('visibilitychange')) || true"
FOCUSED = "document.activeElement.id"


@pytest.fixture
def board(device: Callable[..., Device], here: Place) -> Device:
    return device(here.office, **DESK)


def opened(board: Device) -> Page:
    page = board.tab()
    page.goto("/board/?period=day")
    return page


def take(here: Place, lesson: Lesson) -> None:
    completion.complete(here.teacher, lesson.pk, now=timezone.now(), roster_seen=[s.pk for s in here.students])


def test_a_register_that_is_taken_shows_without_a_reload(board: Device, here: Place) -> None:
    first, second = here.lesson(), here.lesson()
    page = opened(board)
    page.locator(f"#remind-{second.pk}").focus()
    take(here, first)
    page.evaluate(LOOK_NOW)
    until(page, "document.querySelector('.tally .is-taken dd').textContent.trim() === '1'")
    assert page.evaluate(FOCUSED) == f"remind-{second.pk}", "the focus stays on its button"
    assert page.locator("#aloud").text_content() == "Due: 1, Taken: 1"
    assert page.locator(".registers.is-taken li", has_text="Alice Lee").count() == 1


def test_no_name_stays_on_it_once_its_sign_in_has_ended(board: Device, here: Place) -> None:
    here.lesson()
    page = opened(board)
    page.get_by_text("Alice Lee").first.wait_for()
    BrowserSession.objects.filter(user=here.office).delete()
    page.evaluate(LOOK_NOW)
    until(page, "location.pathname === '/accounts/login/'")
    assert not page.get_by_text("Alice Lee").count()


def test_it_asks_by_itself_and_reads_nothing_twice(board: Device, here: Place) -> None:
    here.lesson()
    page = opened(board)
    statuses: list[int] = []
    while len(statuses) < 2 and 304 not in statuses:  # the version changes with the minute, not twice in ten seconds
        with page.expect_response(lambda answer: "/board/state" in answer.url, timeout=15_000) as asked:
            pass
        statuses.append(asked.value.status)
    assert statuses[-1] == 304


def test_without_a_network_it_says_how_old_it_is(board: Device, here: Place) -> None:
    here.lesson()
    page = opened(board)
    board.offline()
    page.evaluate(LOOK_NOW)
    until(page, "!document.getElementById('stale').hidden")
    assert "No connection" in (page.locator("#stale").text_content() or "")
    board.offline(off=False)
    page.evaluate(LOOK_NOW)
    until(page, "document.getElementById('stale').hidden")


def test_reminding_and_telling_the_office(board: Device, alice: Device, here: Place) -> None:
    """From the board to the teacher's list of today, and from the register to the board."""
    lesson = here.lesson()
    page, teacher = opened(board), alice.tab()
    page.locator(f"#remind-{lesson.pk}").click()
    page.locator(".messages", has_text="Alice Lee will find a reminder").wait_for()
    teacher.goto("/")
    teacher.locator(".notice", has_text="Olive Grant asks you").locator("a").tap()
    teacher.locator("summary", has_text="Somebody else is here").tap()
    teacher.fill("#someone", "a boy in a red scarf")
    teacher.locator("button", has_text="Tell the office").tap()
    teacher.locator(".messages", has_text="The office has been told").wait_for()
    page.evaluate(LOOK_NOW)
    page.locator(".notices li", has_text="a boy in a red scarf").locator("button").click()
    until(page, "!document.querySelector('.notices')")
