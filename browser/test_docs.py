"""The API's reference page under the content policy: the fixture `device` fails the test if anything is blocked."""

from playwright.sync_api import Page


def test_the_description_opens_and_tries_nothing_that_is_stopped(page: Page) -> None:
    page.goto("/api/docs")
    page.locator(".opblock-summary", has_text="/api/v1/changes").first.click()
    page.locator(".opblock.is-open .parameters", has_text="after").first.wait_for()
