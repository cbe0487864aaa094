"""A register taken from start to finish in a browser that runs no script."""

from collections.abc import Callable

from playwright.sync_api import Page

from browser.product import PASSWORD, Place
from browser.tab import Device
from lessons.models import Mark, Register


def choose(page: Page, row: int, what: str) -> None:
    page.locator(".pupil").nth(row).locator(f".choice.{what}").click()


def test_a_register_is_taken_and_amended(device: Callable[..., Device], here: Place) -> None:
    lesson = here.lesson()
    page = device(java_script_enabled=False).tab()
    page.goto("/")
    page.fill("#id_username", here.teacher.username)
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")
    page.locator(".current a").click()
    choose(page, 0, "absent")
    choose(page, 7, "absent")
    choose(page, 9, "late")
    page.locator(".pupil").nth(9).locator(".minutes input").fill("12")
    page.get_by_role("button", name="Save").click()
    page.locator(".messages", has_text="Saved at").wait_for()
    assert not Register.objects.filter(pk=lesson.pk).exists()
    page.locator(".finish").click()
    page.locator(".messages", has_text="27 present, 2 absent, 1 late").wait_for()
    found = Mark.objects.filter(register=lesson.pk)
    assert sorted(found.values_list("code", "minutes_late")) == [("L", 12), ("N", None), ("N", None)]
    page.get_by_role("link", name="See or correct it").click()
    page.locator(".correct").first.click()
    page.locator("select[name=code]").select_option("/")
    page.locator("select[name=choice]").select_option(index=1)
    page.locator("main button[type=submit]").click()
    page.locator(".messages", has_text="the correction was added").wait_for()
    assert [each.to_code for each in Register.objects.get(pk=lesson.pk).amendments.all()] == ["/"]
