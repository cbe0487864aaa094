"""The description of the API, as a page under the policy: the `device` of these tests hears whatever it stops."""

from playwright.sync_api import Page


def test_the_description_opens_and_tries_nothing_that_is_stopped(page: Page) -> None:
    page.goto("/api/docs")
    page.locator(".opblock-summary", has_text="/api/v1/changes").first.click()
    page.locator(".opblock.is-open .parameters", has_text="after").first.wait_for()
