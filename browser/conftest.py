"""One product and one browser for the whole run. Each test has its own school and devices, and fails if a page reports
an error."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.plugin import DjangoDbBlocker

from browser import tab
from browser.marks import opened
from browser.product import Place, Product, cookie_of, place, running
from browser.tab import Device, make_mine
from lessons.models import Lesson, User


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks all tests: the product and the browser are processes with clocks of their own."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.wall_clock)


@pytest.fixture(scope="session")
def product(
    mongodb: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("product")
    with django_db_blocker.unblock(), running(folder) as found:
        yield found


@pytest.fixture(scope="session")
def chromium(product: Product) -> Iterator[Browser]:
    with tab.chromium() as browser:
        yield browser


@pytest.fixture
def here(product: Product) -> Place:
    return place()


@pytest.fixture
def lesson(here: Place) -> Lesson:
    return here.lesson()


@pytest.fixture
def device(chromium: Browser, product: Product) -> Iterator[Callable[..., Device]]:
    """Returns a function that makes a device on which a user is signed in."""
    made: list[Device] = []

    def make(user: User | None = None, **options: Any) -> Device:
        found = Device(chromium, product.url, **options)
        if user:
            found.sign_in(cookie_of(user))
        made.append(found)
        return found

    yield make
    problems = [problem for each in made for problem in each.problems]
    for each in made:
        each.close()
    assert problems == []


@pytest.fixture
def alice(device: Callable[..., Device], here: Place) -> Device:
    return device(here.teacher)


@pytest.fixture
def page(alice: Device) -> Page:
    return alice.tab()


@pytest.fixture
def register(page: Page, lesson: Lesson) -> Page:
    return opened(page, lesson)


@pytest.fixture
def own(page: Page, lesson: Lesson) -> Page:
    """Returns the register, opened from the teacher's own device."""
    page.goto("/")
    make_mine(page)
    opened(page, lesson)
    assert page.locator("#pupil").count() == 1, "served by the device"
    return page
