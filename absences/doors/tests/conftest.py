"""A lesson's page, and its teacher's browser."""

import pytest
from django.test import Client

from absences.tests.pages import browser
from lessons.models import Lesson, User


@pytest.fixture
def page(lesson: Lesson) -> str:
    return f"/lessons/{lesson.pk}/"


@pytest.fixture
def alice(teacher: User) -> Client:
    return browser(teacher)
