"""The record only grows, and a lesson stays cancelled once its reports were rejected."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from lessons.database import installing, rules
from lessons.database.purge import lawful_purge
from lessons.factories import LessonFactory, StudentFactory
from lessons.models import Amendment, Lesson, Mark, PurgePermit, Register, RejectedReport, Student
from lessons.tests.registers import amend, reject, take

pytestmark = pytest.mark.django_db

RECORD = [Register, Mark, Amendment, RejectedReport]


@pytest.fixture
def student() -> Student:
    return StudentFactory.create()


@pytest.fixture
def lesson(student: Student) -> Lesson:
    return LessonFactory.create(group__school=student.school)


@pytest.fixture
def register(lesson: Lesson, student: Student) -> Register:
    """Returns a register with a mark, an amendment and a rejected report."""
    register = take(lesson, absent={student: "N"})
    amend(register, student, "N", "I")
    reject(lesson, student)
    return register


def refused(write: Callable[[], Any]) -> bool:
    try:
        with transaction.atomic():
            write()
    except IntegrityError:
        return True
    return False


@pytest.mark.parametrize("model", RECORD)
def test_nothing_of_the_record_is_deleted(model: Any, register: Register) -> None:
    assert refused(lambda: model.objects.all()._raw_delete("default"))
    assert model.objects.exists()


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Register, {"roster": []}),
        (Register, {"counts": {"absent": 0}}),
        (Register, {"by_name": "Somebody else"}),
        (Mark, {"code": "I"}),
        (Amendment, {"reason": "Another"}),
        (RejectedReport, {"reason": "too_late"}),
    ],
)
def test_nothing_of_the_record_is_rewritten(model: Any, change: dict[str, Any], register: Register) -> None:
    before = model.objects.values().get()
    assert refused(lambda: model.objects.update(**change))
    assert model.objects.values().get() == before


def test_only_the_revisions_of_a_register_move(register: Register) -> None:
    assert not refused(lambda: Register.objects.update(rev=5, projected_rev=4))


def test_a_lawful_purge_says_so_first(register: Register) -> None:
    with lawful_purge("Six years are over"):
        for model in (Mark, Amendment, RejectedReport, Register):
            model.objects.all()._raw_delete("default")
    assert not PurgePermit.objects.exists()
    assert not Register.objects.exists()


def test_a_purge_that_fails_leaves_everything_closed(register: Register) -> None:
    def half() -> None:
        with lawful_purge("By mistake"):
            Mark.objects.all()._raw_delete("default")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert Mark.objects.exists()
    assert refused(lambda: Mark.objects.all()._raw_delete("default"))


@pytest.mark.parametrize("model", RECORD)
def test_a_lost_trigger_fails_the_check(model: Any) -> None:
    [lost] = [
        item
        for rule in rules.record_stays()
        for item in rule.installables(connection.vendor)
        if item.name == f"{model._meta.db_table}_stays"
    ]
    with connection.cursor() as cursor:
        cursor.execute(lost.drop)
    with pytest.raises(CommandError, match=lost.name):
        call_command("check", deploy=True, databases=["default"])
    installing.install(connection)
    assert installing.missing(connection) == []


def test_a_lesson_that_was_taken_is_not_cancelled(lesson: Lesson) -> None:
    take(lesson)
    assert refused(lambda: Lesson.objects.update(status=Lesson.Status.CANCELLED))


def test_a_settled_lesson_stays_cancelled(lesson: Lesson) -> None:
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    assert not refused(lambda: Lesson.objects.update(status=Lesson.Status.SCHEDULED))
    Lesson.objects.update(status=Lesson.Status.CANCELLED, settled=True)
    assert refused(lambda: Lesson.objects.update(status=Lesson.Status.SCHEDULED, settled=False))
    assert refused(lambda: Lesson.objects.update(settled=False))
