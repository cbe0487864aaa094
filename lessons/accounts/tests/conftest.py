"""A teacher with a password, and a clock that a test moves."""

from collections.abc import Iterator

import pytest
import time_machine
from django.utils import timezone

from lessons.accounts.tests.signing_in import colleague
from lessons.factories import SchoolFactory
from lessons.models import School, User


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture
def alice(school: School) -> User:
    return colleague(school, "alice")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller
