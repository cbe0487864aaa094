"""Writes that the database itself refuses, on either vendor."""

from collections.abc import Callable
from datetime import date
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from lessons.database import installing, rules
from lessons.database.triggers import Installable, Refusal
from lessons.factories import EnrolmentFactory, GroupFactory, LessonFactory, SchoolFactory, StudentFactory
from lessons.models import Enrolment, Group, Lesson, LessonStaff, Register, RejectedReport, Student
from lessons.tests.registers import take

pytestmark = pytest.mark.django_db


def refused(write: Callable[[], Any]) -> bool:
    """Returns whether the database refuses a write, at once or, on PostgreSQL, at the end of the transaction."""
    try:
        with transaction.atomic():
            write()
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError:
        return True
    return False


def test_rows_of_one_school_are_written() -> None:
    assert not refused(lambda: take(LessonFactory.create(students=2)))


def test_an_enrolment_stays_within_its_school() -> None:
    stranger = StudentFactory.create()
    assert refused(lambda: EnrolmentFactory.create(student=stranger))


def test_a_row_that_names_a_third_school_is_refused() -> None:
    school = SchoolFactory.create()
    assert refused(lambda: EnrolmentFactory.create(school=school))


def test_a_foreign_key_cannot_be_moved_to_another_school() -> None:
    lesson, other = LessonFactory.create(), GroupFactory.create()
    assert refused(lambda: Lesson.objects.filter(pk=lesson.pk).update(group=other))


def test_a_row_never_changes_its_school() -> None:
    group, other = GroupFactory.create(), SchoolFactory.create()
    assert refused(lambda: Group.objects.filter(pk=group.pk).update(school=other))


def test_a_register_stays_within_its_school() -> None:
    lesson, other = LessonFactory.create(), GroupFactory.create()
    assert refused(lambda: take(lesson, group=other))


def test_what_hangs_on_a_register_is_held_through_its_lesson() -> None:
    register, stranger = take(LessonFactory.create()), StudentFactory.create()
    fields = {
        "school_year": 2026,
        "code": "N",
        "reported_at": register.taken_at,
        "arrived_at": register.taken_at,
        "by_name": "A",
    }
    assert refused(lambda: register.marks.create(school=register.school, student=stranger, **fields))
    assert refused(lambda: register.marks.create(school=stranger.school, student=stranger, **fields))


def test_a_student_who_is_null_names_no_school() -> None:
    register = take(LessonFactory.create())
    fields = {
        "school_year": 2026,
        "happened_at": register.taken_at,
        "arrived_at": register.taken_at,
        "by_name": "A",
    }
    void = {"school": register.school, "rev": 1, "kind": "void", "reason": "Fire drill", "feed_number": 2}
    assert not refused(lambda: register.amendments.create(**void, **fields))


@pytest.mark.parametrize("model", [Enrolment, Lesson, LessonStaff, Register, RejectedReport])
def test_every_named_foreign_key_is_upheld(model: Any) -> None:
    installables = [item for rule in rules.same_school() for item in rule.installables(connection.vendor)]
    columns = {model._meta.get_field(name).column for name in model.SAME_SCHOOL}
    names = {item.name for item in installables if item.table == model._meta.db_table}
    assert all(any(f"{column}_same_school" in name for name in names) for column in columns)


@pytest.mark.parametrize(("starts", "ends"), [("2026-09-14", None), ("2026-09-01", "2026-09-14")])
def test_an_enrolment_with_a_register_is_not_deleted(starts: str, ends: str | None) -> None:
    lesson = LessonFactory.create()
    enrolment = EnrolmentFactory.create(group=lesson.group, starts_on=starts, ends_on=ends)
    take(lesson)
    assert refused(Enrolment.objects.filter(pk=enrolment.pk).delete)


@pytest.mark.parametrize(("starts", "ends"), [("2026-09-15", None), ("2026-09-01", "2026-09-13")])
def test_an_enrolment_beside_all_registers_is_deleted(starts: str, ends: str | None) -> None:
    lesson = LessonFactory.create()
    enrolment = EnrolmentFactory.create(group=lesson.group, starts_on=starts, ends_on=ends)
    take(lesson)
    assert not refused(Enrolment.objects.filter(pk=enrolment.pk).delete)


def test_shortening_an_enrolment_is_no_way_round() -> None:
    enrolment = EnrolmentFactory.create()
    take(LessonFactory.create(group=enrolment.group), roster=[enrolment.student_id])
    Enrolment.objects.filter(pk=enrolment.pk).update(ends_on=date(2021, 1, 1))
    assert refused(Enrolment.objects.filter(pk=enrolment.pk).delete)


def test_an_enrolment_with_a_register_keeps_its_student() -> None:
    enrolment = EnrolmentFactory.create()
    take(LessonFactory.create(group=enrolment.group))
    other = StudentFactory.create(school=enrolment.school)
    assert refused(lambda: Enrolment.objects.filter(pk=enrolment.pk).update(student=other))


def test_nothing_is_missing_after_migrating() -> None:
    assert installing.missing(connection) == []


def test_installing_twice_changes_nothing() -> None:
    installing.install(connection)
    assert installing.missing(connection) == []


def test_a_lost_rule_fails_the_check_and_is_installed_again() -> None:
    lost = [item for rule in rules.enrolments_stay() for item in rule.installables(connection.vendor)]
    with connection.cursor() as cursor:
        cursor.execute(lost[0].drop)
    with pytest.raises(CommandError, match="enrolment_stays"):
        call_command("check", deploy=True, databases=["default"], stdout=StringIO(), stderr=StringIO())
    call_command("migrate", verbosity=0)
    assert installing.missing(connection) == []


def test_a_changed_rule_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = Refusal(Enrolment, "stays", "DELETE", "1 = 1", "never")
    monkeypatch.setattr(installing, "rules", lambda: [changed])
    assert [item.name for item in installing.missing(connection)] == ["lessons_enrolment_stays"]


@pytest.mark.django_db(transaction=True)
def test_flushing_empties_every_table_and_keeps_the_rules() -> None:
    enrolment = EnrolmentFactory.create()
    take(LessonFactory.create(group=enrolment.group))
    call_command("flush", interactive=False, verbosity=0)
    assert not Enrolment.objects.exists()
    assert installing.missing(connection) == []


@pytest.mark.django_db(transaction=True)
def test_a_remade_table_gets_its_rules_back() -> None:
    """On SQLite, altering a column remakes the table; a migration does it between the two signals."""
    upn = Student._meta.get_field("upn")
    installing.before_migrate(using="default", plan=[("a migration", False)])
    with connection.schema_editor() as editor:
        editor.alter_field(Student, upn, wider(upn))
        editor.alter_field(Student, wider(upn), upn)
    installing.after_migrate(using="default")
    assert installing.missing(connection) == []
    stranger = StudentFactory.create()
    assert refused(lambda: EnrolmentFactory.create(student=stranger))


def wider(field: Any) -> Any:
    """Returns a copy of a text field that is longer, which no table has yet."""
    copy = field.clone()
    copy.max_length = field.max_length + 1
    copy.set_attributes_from_name(field.name)
    copy.model = field.model
    return copy


@pytest.mark.django_db(transaction=True)
def test_migrating_to_nothing_and_back_installs_everything() -> None:
    call_command("migrate", "admin", "zero", verbosity=0)
    call_command("migrate", "lessons", "zero", verbosity=0)
    call_command("migrate", verbosity=0)
    assert installing.missing(connection) == []
    assert Register._meta.db_table in connection.introspection.table_names()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_migration_that_fails_leaves_the_rules_that_stood(backwards: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite all are removed before the first migration, on PostgreSQL only when migrating backwards."""
    here, before_it = ("lessons", "0012_reasons_and_upns"), ("lessons", "0011_user_names_without_capitals")
    take(LessonFactory.create())
    if not backwards:
        call_command("migrate", *before_it, verbosity=0)
    before = installing.installed(connection)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("halfway")

    migration = import_module(f"lessons.migrations.{here[1]}").Migration
    monkeypatch.setattr(migration, "unapply" if backwards else "apply", fail)
    with pytest.raises(RuntimeError, match="halfway"):
        call_command("migrate", *(before_it if backwards else here), verbosity=0)
    monkeypatch.undo()
    assert by_name(installing.installed(connection)) == by_name(before) != []
    assert refused(lambda: Register.objects.all().delete())
    call_command("migrate", verbosity=0)


def test_rules_of_an_older_release_stand_again_as_they_were() -> None:
    [older] = Refusal(Enrolment, "stays", "DELETE", "1 = 1", "never").installables(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(older.drop)
        cursor.execute(older.create)
    before = installing.installed(connection)
    assert (older.text in [item.text for item in before]) is (connection.vendor == "sqlite")

    def fail() -> None:
        with installing.kept(connection):
            installing.lift(connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert by_name(installing.installed(connection)) == by_name(before)


def by_name(installed: list[Installable]) -> list[tuple[str, str]]:
    return sorted((item.name, item.text) for item in installed)
