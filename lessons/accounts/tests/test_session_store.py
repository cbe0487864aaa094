"""The table of sessions signs nobody in, and `sid` names a session for as long as it lasts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client, RequestFactory
from django.utils import timezone

from lessons.accounts import authentication, tokens
from lessons.accounts.sessions import SessionStore, sid_of
from lessons.factories import SchoolFactory, person
from lessons.hashing import hash_secret
from lessons.lifetimes import TICKETS_END
from lessons.models import BrowserSession, RefreshToken, Role, User

pytestmark = pytest.mark.django_db

BEFORE = ("lessons", "0008_notices_are_forgotten")
COOKIE, PATH = settings.SESSION_COOKIE_NAME, "/accounts/sessions/"


@pytest.fixture
def alice() -> User:
    return person(SchoolFactory.create(), Role.TEACHER, "alice")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def key_of(client: Client) -> str:
    return client.cookies[COOKIE].value


def store(client: Client) -> SessionStore:
    return SessionStore(key_of(client))


def test_the_key_of_the_cookie_stands_in_no_column(alice: User) -> None:
    key = key_of(signed_in(alice))
    row = BrowserSession.objects.values().get()
    assert row["session_key"] == hash_secret(key) != key
    assert not [name for name, value in row.items() if key in str(value)]


@pytest.mark.parametrize("shown", ["session_key", "sid"])
def test_what_the_table_shows_opens_nothing(alice: User, shown: str) -> None:
    """Neither as a cookie nor in any method that takes a key."""
    client = signed_in(alice)
    read = getattr(BrowserSession.objects.get(), shown)
    assert Client(headers={"cookie": f"{COOKIE}={read}"}).get(PATH).status_code == 302
    assert (SessionStore(read).load(), SessionStore().exists(read)) == ({}, False)
    SessionStore().delete(read)
    SessionStore(read).flush()
    assert client.get(PATH).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_nor_asynchronously(alice: User) -> None:
    key, read = key_of(signed_in(alice)), BrowserSession.objects.get().pk
    assert async_to_sync(SessionStore(read).aload)() == {}
    assert (async_to_sync(SessionStore().aexists)(read), async_to_sync(SessionStore().aexists)(key)) == (False, True)
    async_to_sync(SessionStore().adelete)(read)
    session = SessionStore(key)
    before = session.sid
    async_to_sync(session.acycle_key)()
    async_to_sync(session.asave)()
    assert (session.sid, BrowserSession.objects.get().pk) == (before, hash_secret(session.session_key or ""))
    async_to_sync(session.aflush)()
    async_to_sync(session.aset)("planted", 1)
    async_to_sync(session.asave)()
    assert BrowserSession.objects.get().pk == hash_secret(session.session_key or "")


def test_another_key_keeps_the_row(alice: User) -> None:
    client = signed_in(alice)
    session, before = store(client), BrowserSession.objects.get()
    session.cycle_key()
    session.save()
    after = BrowserSession.objects.get()
    assert after.pk != before.pk and after.sid == before.sid == session.sid
    assert client.get(PATH).status_code == 302, "the old key no longer works"


def test_sid_stays_whatever_is_written(alice: User) -> None:
    before = BrowserSession.objects.values_list("sid", flat=True)
    session = store(signed_in(alice))
    sid = before.get()
    session["more"] = 1
    session.save()
    session.clear()
    session["less"] = 1
    session.save()
    assert before.get() == sid == session.sid


def test_a_session_that_was_ended_is_not_written_anew(alice: User) -> None:
    session = store(signed_in(alice))
    ended = session.sid
    BrowserSession.objects.all().delete()
    with pytest.raises(UpdateError):
        session.save()
    session.cycle_key()  # as signing in does
    assert BrowserSession.objects.get().sid == session.sid != ended


def test_who_signs_in_again_has_another_sid(alice: User) -> None:
    client = signed_in(alice)
    first = store(client).sid
    client.post("/accounts/logout/")
    client.force_login(alice)
    assert store(client).sid not in ("", first)


def test_nobody_has_no_sid(alice: User) -> None:
    request = RequestFactory().get("/")
    assert sid_of(request) == ""
    for key in (None, "x" * 32, key_of(signed_in(alice))[::-1]):
        request.session = SessionStore(key)
        assert sid_of(request) == ""
    request.session["not yet"] = "saved"
    assert sid_of(request) == ""


def test_the_sid_costs_no_statement_of_its_own(alice: User, django_assert_num_queries: Any) -> None:
    request = RequestFactory().get("/")
    request.session = store(signed_in(alice))
    sid = BrowserSession.objects.get().sid
    with django_assert_num_queries(1):
        assert (request.session["_auth_user_id"], sid_of(request)) == (str(alice.pk), sid)


def test_what_has_expired_is_cleared(alice: User) -> None:
    kept = store(signed_in(alice)).sid
    signed_in(alice)
    ended = timezone.now() - TICKETS_END
    BrowserSession.objects.exclude(sid=kept).update(expire_date=ended)
    SessionStore.clear_expired()  # for Django's command; `lessons/database/expiry.py` does it daily
    assert BrowserSession.objects.get().sid == kept


@pytest.mark.django_db(transaction=True)
def test_who_was_signed_in_stays_so_when_keys_are_hashed(alice: User) -> None:
    keys = [key_of(client) for client in (signed_in(alice), signed_in(alice))]
    data = BrowserSession.objects.values_list("session_data", flat=True)[0]
    now, school = timezone.now(), alice.memberships.get().school_id
    refresh = authentication.token_pair(alice, school, now=now)["refresh"]
    ids = {name: tokens.verify(refresh, "refresh")[name] for name in ("family", "jti")}
    call_command("migrate", *BEFORE, verbosity=0)
    before = MigrationExecutor(connection).loader.project_state([BEFORE]).apps
    sessions, families = (before.get_model("lessons", name).objects for name in ("BrowserSession", "RefreshToken"))
    assert not sessions.exists() and not families.exists(), "there is no way back from a hash to its key"
    for key in keys:
        ends = now + timedelta(hours=1)
        sessions.create(session_key=key, session_data=data, expire_date=ends, user_id=alice.pk, seen_at=now)
    standing = authentication.fingerprint(alice, school)
    families.create(**ids, user_id=alice.pk, school_id=school, standing=standing, expires_at=now + timedelta(hours=1))
    call_command("migrate", verbosity=0)
    clients = [Client(headers={"cookie": f"{COOKIE}={key}"}) for key in keys]
    assert [client.get(PATH).status_code for client in clients] == [200, 200]
    assert len({SessionStore(key).sid for key in keys} - {""}) == 2
    assert authentication.rotate(refresh, now=now).keys() == {"access", "refresh"}
    BrowserSession.objects.update(seen_at=now - settings.SESSION_IDLE)
    assert clients[0].get(PATH).status_code == 302, "as on a shared machine: no device is known to be its user's own"


def test_a_process_of_the_release_before_signs_in_and_does_not_spin(alice: User) -> None:
    """Its INSERT names none of the new columns, and Django's session store retries for ever if the insert is
    refused."""
    now = timezone.now()
    of_then = ("session_key", "session_data", "expire_date", "user_id", "device", "signed_in_at", "seen_at")
    with connection.cursor() as cursor:
        for key in ("a", "b"):
            row: list[str | int | datetime] = [key * 32, "", now, alice.pk, "", now, now]
            cursor.execute(f"INSERT INTO lessons_browsersession ({', '.join(of_then)}) VALUES (%s{', %s' * 6})", row)  # noqa: S608
            row = [key * 22, key * 22, alice.pk, "", now]
            columns = "family, jti, user_id, standing, expires_at"
            cursor.execute(f"INSERT INTO lessons_refreshtoken ({columns}) VALUES (%s{', %s' * 4})", row)  # noqa: S608
    for model in (BrowserSession, RefreshToken):
        assert {len(sid) for sid in model.objects.values_list("sid", flat=True)} == {16}
    assert not BrowserSession.objects.filter(own_device=True).exists()
