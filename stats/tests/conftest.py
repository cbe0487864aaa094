"""A school with one taken lesson: four students, one absent, one late."""

from datetime import datetime

import pytest

from absences.conftest import (  # noqa: F401
    colleague,
    integrator,
    lesson,
    mongodb_down,
    now,
    office,
    outsider,
    roster,
    school,
    students,
    teacher,
)
from absences.registers import completion
from absences.reporting import service, tickets
from absences.store.reports import Report
from lessons.models import Lesson, User


def take(lesson: Lesson, by: User, codes: dict[int, str], now: datetime) -> None:  # noqa: F811
    roster = list(lesson.group.enrolments.order_by("student").values_list("student", flat=True))  # noqa: F811
    claims = tickets.claims_for(by, lesson, roster, now)
    reports = [Report(student_id=student, code=code) for student, code in codes.items()]
    if reports:
        service.report(claims, lesson.pk, reports, now)
    completion.complete(by, lesson.pk, now=now, roster_seen=roster)


@pytest.fixture
def taken(lesson: Lesson, teacher: User, roster: list[int], now: datetime) -> Lesson:  # noqa: F811
    take(lesson, teacher, {roster[0]: "N", roster[1]: "L"}, now)
    return lesson
