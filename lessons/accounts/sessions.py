"""Sessions in the database, each with its owner. SESSION_ENGINE names this module."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from lessons.database import expiry
from lessons.hashing import hash_secret
from lessons.models import BrowserSession, User
from lessons.prepared import prepared

KEY = re.compile("[a-z0-9]{1,40}")  # as Django makes them; any other text is not looked up
DEVICE, SIGNED_IN_AT, OWN = "device", "signed_in_at", "own"

View = TypeVar("View", bound=Callable[..., HttpResponse])

BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "Chromebook")),
    *(("Windows", "Windows"), ("Mac OS X", "Mac"), ("Linux", "Linux")),
)


class SessionStore(SessionBase):
    """Sessions in the database, by the hash of their key: reading the table signs nobody in.

    It derives from Django's base class. Django's database sessions look rows up by the key itself, in two dozen methods
    of which half are asynchronous. The base's asynchronous methods call these.
    """

    _get_session: Callable[..., dict[str, Any]]  # of the base; its stubs leave it out
    _get_new_session_key: Callable[[], str]
    _sid = ""
    in_background = False  # a request that a script makes by itself, which does not count as use

    @property
    def sid(self) -> str:
        """Returns the public id of the session's row, or "" if there is none. It signs nobody in, and stays when the
        key changes."""
        self._get_session()
        return self._sid if self.session_key else ""

    def load(self) -> dict[str, Any]:
        """Reads the session with a prepared query, because every page needs it."""
        now, key = timezone.now(), self.session_key or ""
        row = (
            next(iter(_rows(hash_secret(key), now, now - settings.SESSION_IDLE)), None) if KEY.fullmatch(key) else None
        )
        if row is None:
            self._session_key = None
            return {}
        if not self.in_background and (row.seen_at is None or row.seen_at <= now - _seen_every()):
            BrowserSession.objects.filter(pk=row.pk).update(seen_at=now)
        self._sid = row.sid
        data: dict[str, Any] = self.decode(row.session_data)
        return data

    def exists(self, session_key: str) -> bool:
        return _with_key(session_key).exists()

    def create(self) -> None:
        while True:
            self._session_key = self._get_new_session_key()
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Writes the session. Raises CreateError if the key is taken, UpdateError if the row is gone."""
        if self.session_key is None:
            return self.create()
        columns = self._columns(self._get_session(no_load=must_create))
        if not must_create:
            if not _with_key(self.session_key).update(**columns):
                raise UpdateError
            return None
        try:
            with transaction.atomic():
                row = BrowserSession.objects.create(session_key=hash_secret(self.session_key), **columns)
        except IntegrityError as error:
            raise CreateError from error
        self._sid = row.sid
        return None

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            _with_key(key).delete()

    def cycle_key(self) -> None:
        """Gives the session a new key. The row and its sid stay."""
        self._get_session()  # while its key is known
        old, new = self.session_key, self._get_new_session_key()
        if old and _with_key(old).update(session_key=hash_secret(new)):
            self._session_key, self.modified = new, True
        else:
            super().cycle_key()

    async def acycle_key(self) -> None:
        await sync_to_async(self.cycle_key)()

    @classmethod
    def clear_expired(cls) -> None:
        """Deletes expired sessions, for Django's command; the reconciler does it too."""
        expiry.sessions(timezone.now()).delete()

    def _columns(self, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "session_data": self.encode(data),
            "expire_date": self.get_expiry_date(),
            "user_id": int(data[SESSION_KEY]) if SESSION_KEY in data else None,
            "own_device": data.get(OWN, False),
            "device": data.get(DEVICE, ""),
            "signed_in_at": parse_datetime(data.get(SIGNED_IN_AT, "")),
            "seen_at": timezone.now(),
        }


def sid_of(request: HttpRequest) -> str:
    """Returns the public id of the request's session, or "" without one. On a page that has read its user this needs no
    query."""
    store = getattr(request, "session", None)
    return store.sid if isinstance(store, SessionStore) else ""


def _with_key(key: str) -> QuerySet[BrowserSession]:
    return BrowserSession.objects.filter(session_key=hash_secret(key))


@prepared
def _rows(hashed: str, now: datetime, idle_since: datetime) -> QuerySet[BrowserSession]:
    return BrowserSession.objects.open(now, idle_since).filter(session_key=hashed)


def open_sessions(user: User, now: datetime) -> QuerySet[BrowserSession]:
    """Returns the sessions in which the user is signed in."""
    return BrowserSession.objects.open(now, now - settings.SESSION_IDLE).filter(user=user)


def _seen_every() -> timedelta:
    """Returns how long a session is used before its last use is written again, so that reads seldom write: a sixth of
    the idle time, by which a session may end early, but at most 15 minutes."""
    return min(timedelta(minutes=15), settings.SESSION_IDLE / 6)


def idle_minutes() -> int:
    return round(settings.SESSION_IDLE.total_seconds() / 60)


def begin(request: HttpRequest, now: datetime, *, own: bool) -> None:
    """Records how the user will recognise this sign-in, and whether the device is their own."""
    request.session[DEVICE] = device_of(request.headers.get("User-Agent", ""))
    request.session[SIGNED_IN_AT] = now.isoformat()
    set_own(request, own, now)


def set_own(request: HttpRequest, own: bool, now: datetime) -> None:
    """Sets when the session ends. On the user's own device it lasts a working day from the sign-in, however often this
    is called; elsewhere it ends with the browser, or when it is idle."""
    request.session[OWN] = own
    signed_in_at = parse_datetime(request.session.get(SIGNED_IN_AT, "")) or now
    request.session.set_expiry(signed_in_at + timedelta(seconds=settings.SESSION_COOKIE_AGE) if own else 0)


def is_own(request: HttpRequest) -> bool:
    return bool(request.session.get(OWN))


def in_background(view: View) -> View:
    """Decorates a view that scripts request by themselves, so that a page left open on a shared machine keeps nobody
    signed in."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if isinstance(request.session, SessionStore):
            request.session.in_background = True
        return view(request, *args, **kwargs)

    return cast(View, asked)


def end_presented(request: HttpRequest) -> bool:
    """Ends the session whose cookie the request carries, even if it has been idle for too long, because its tickets
    live on. Returns whether there was one."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return bool(KEY.fullmatch(key)) and _with_key(key).delete()[0] > 0


def clear_browser(response: HttpResponse, *, nothing_waits: bool = False) -> HttpResponse:
    """Makes the browser delete what it stores after a sign-out. "storage" holds unsent marks and is cleared only if
    there are none; "cookies" is never cleared, because the device cookie makes the browser known (`sign_in.py`)."""
    response["Clear-Site-Data"] = '"cache", "storage"' if nothing_waits else '"cache"'
    return response


def device_of(agent: str) -> str:
    """Describes a browser in plain words, such as "Chrome on Windows". Nothing else of the header is kept."""
    browser = next((name for mark, name in BROWSERS if re.search(rf"\b{mark}", agent)), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " on ".join(part for part in (browser, system) if part)


def end_others(user: User, kept: str) -> int:
    """Signs the user out of every session but the one with the sid `kept`, and ends all refresh tokens. Returns how
    many sign-ins ended."""
    others = BrowserSession.objects.filter(user=user).exclude(sid=kept)
    return others.delete()[0] + user.refresh_tokens.all().delete()[0]
