"""Capitals, spaces and encodings in user names: at every sign-in, in the table, and in existing accounts."""

import re
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from lessons.database import installing
from lessons.factories import SchoolFactory, UserFactory, person
from lessons.models import Role, School, User
from lessons.usernames import canonical

PASSWORD = "correct horse battery"
SPELLINGS = ("alice", "ALICE", " Alice\t", "\u00a0aliCe\u3000", "\N{FULLWIDTH LATIN CAPITAL LETTER A}lice")
RELEASED = ("lessons", "0008_notices_are_forgotten")
MIGRATION = ("lessons", "0011_user_names_without_capitals")


@pytest.fixture
def alice() -> User:
    user = person(SchoolFactory.create(), Role.TEACHER, "Alice")
    user.set_password(PASSWORD)
    user.save()
    return user


@given(st.text())
def test_what_is_canonical_stays_so(name: str) -> None:
    assert canonical(canonical(name)) == canonical(name) == canonical(f" {name}\n")


@pytest.mark.django_db
@pytest.mark.parametrize("name", SPELLINGS)
def test_every_door_takes_every_spelling(name: str, alice: User) -> None:
    body = {"username": name, "password": PASSWORD}
    assert Client().post("/accounts/login/", body).status_code == 302
    assert Client().post("/api/v1/token", body, content_type="application/json").status_code == 200
    assert authenticate(username=name, password=PASSWORD) == alice
    assert User.objects.get(username=name) == alice


@pytest.mark.django_db
def test_another_spelling_is_no_other_account_to_guess_at(alice: User) -> None:
    client, answers = Client(), []
    for name in (*SPELLINGS, "alICE", "Alice "):
        body = {"username": name, "password": "guess"}
        answers += [client.post("/accounts/login/", body).status_code]
    assert answers == [200] * 5 + [429] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["create", "save", "bulk_create", "bulk_update", "update", "load"])
def test_a_name_is_stored_without_capitals(how: str) -> None:
    user = User(username=" Łukasz.O’Brien ", name="Łukasz")
    if how == "create":
        User.objects.create_user(username=user.username, name="Łukasz")
    elif how == "bulk_create":
        User.objects.bulk_create([user])
    elif how == "load":
        [loaded] = serializers.deserialize("python", [{"model": "lessons.user", "fields": {"username": user.username}}])
        loaded.save()
    elif how == "save":
        user.save()
        assert user.username == "łukasz.o’brien", "the instance shows what is stored"
    else:
        before = UserFactory.create(username="before")
        if how == "update":
            User.objects.filter(pk=before.pk).update(username=user.username)
        else:
            before.username = user.username
            User.objects.bulk_update([before], ["username"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT username FROM lessons_user")
        assert cursor.fetchall() == [("łukasz.o’brien",)]


@pytest.mark.django_db
@pytest.mark.parametrize(("first", "second"), [("alice", "ALICE"), ("Straße", "STRASSE"), ("ǆ", "Ǆ"), ("bob", " bob ")])
def test_two_that_differ_in_capitals_are_one(first: str, second: str) -> None:
    UserFactory.create(username=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory.create(username=second)


@pytest.mark.django_db
def test_the_database_refuses_what_is_written_past_the_field(alice: User) -> None:
    UserFactory.create(username="bob")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE lessons_user SET username = 'ALICE' WHERE username = 'bob'")


@pytest.mark.django_db
@pytest.mark.parametrize("superuser", [True, False])
def test_a_form_refuses_a_name_of_ones_own_that_differs_in_capitals(
    superuser: bool, alice: User, client: Client
) -> None:
    school = School.objects.get()
    client.force_login(
        UserFactory.create(is_staff=True, is_superuser=True)
        if superuser
        else person(school, Role.ADMIN, "ada", is_staff=True)
    )
    form = {"username": "aLICE", "name": "Alice", "usable_password": "false"}
    form |= {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0"}
    form |= {"memberships-0-school": str(school.pk), "memberships-0-role": "teacher"}
    assert "This user name is taken." in client.post("/admin/lessons/user/add/", form).content.decode()


@pytest.fixture
def before_the_migration() -> Any:
    """The last release, in which accounts like these could be made; afterwards everything is migrated again."""
    call_command("migrate", *RELEASED, verbosity=0)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM lessons_user")
    call_command("migrate", verbosity=0)


def insert(*names: str) -> None:
    columns = "username, name, password, email, is_superuser, is_staff, is_active, date_joined"
    row = "(%s, '', '', '', FALSE, FALSE, TRUE, '2026-09-14')"
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"INSERT INTO lessons_user ({columns}) VALUES {row}", [name])  # noqa: S608


@pytest.mark.django_db(transaction=True)
def test_accounts_with_capitals_keep_their_name_without(before_the_migration: None) -> None:
    insert("Alice", "bob", "\N{FULLWIDTH LATIN CAPITAL LETTER C}arol")
    call_command("migrate", *MIGRATION, verbosity=0)
    assert sorted(User.objects.values_list("username", flat=True)) == ["alice", "bob", "carol"]


@pytest.mark.django_db(transaction=True)
def test_names_that_clash_are_listed_and_nothing_is_changed(before_the_migration: None) -> None:
    insert("Dora", "alice", "Alice", "bob", "ALICE", "Bob")
    with pytest.raises(CommandError) as refused:
        call_command("migrate", verbosity=0)
    [_, first, second] = str(refused.value).splitlines()
    assert re.findall("'([^']+)' \\(id [0-9]+\\)", first) == ["alice", "Alice", "ALICE"]
    assert re.findall("'([^']+)' \\(id [0-9]+\\)", second) == ["bob", "Bob"]
    assert sorted(User.objects.values_list("username", flat=True)) == ["ALICE", "Alice", "Bob", "Dora", "alice", "bob"]
    applied = MigrationLoader(connection).applied_migrations
    assert [key for key in applied if key[0] == "lessons" and key > RELEASED] == [], "nor anything before it"
    assert installing.missing(connection) == []
