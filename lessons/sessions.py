"""Django's sessions in the database, each with its owner. The module that SESSION_ENGINE names."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from lessons.models import BrowserSession, User
from lessons.prepared import prepared

KEY = re.compile("[a-z0-9]{1,40}")  # of Django's making; PostgreSQL refuses others that a cookie may hold
SEEN_TO = timedelta(minutes=15)  # as exactly as its last use is kept, so that reads seldom write
DEVICE, SIGNED_IN_AT = "device", "signed_in_at"

BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "Chromebook")),
    *(("Windows", "Windows"), ("Mac OS X", "Mac"), ("Linux", "Linux")),
)


class SessionStore(db.SessionStore):
    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        return BrowserSession

    def _get_session_from_db(self) -> Any:
        """As Django's, with a prepared query: every page asks it."""
        now, key = timezone.now(), self.session_key or ""
        found = next(iter(_sessions(key, now)), None) if KEY.fullmatch(key) else None
        if found is None:
            self._session_key = None
        elif found.seen_at is None or found.seen_at < now - SEEN_TO:
            BrowserSession.objects.filter(pk=found.pk).update(seen_at=now)
        return found

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.device = data.get(DEVICE, "")
        row.signed_in_at = parse_datetime(data.get(SIGNED_IN_AT, ""))
        row.seen_at = timezone.now()
        return row


@prepared
def _sessions(key: str, now: datetime) -> QuerySet[BrowserSession]:
    return BrowserSession.objects.filter(session_key=key, expire_date__gt=now)


def begin(request: HttpRequest, now: datetime) -> None:
    """Notes what its owner will know this sign-in by."""
    request.session[DEVICE] = device_of(request.headers.get("User-Agent", ""))
    request.session[SIGNED_IN_AT] = now.isoformat()


def device_of(agent: str) -> str:
    """In plain words, such as "Chrome on Windows"; of another's text no more is kept."""
    browser = next((name for mark, name in BROWSERS if re.search(rf"\b{mark}", agent)), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " on ".join(part for part in (browser, system) if part)


def end_others(user: User, kept: str | None) -> int:
    """Signs the user out everywhere but here, refresh tokens too. How many sign-ins that were."""
    others = BrowserSession.objects.filter(user=user).exclude(session_key=kept or "")
    return others.delete()[0] + user.refresh_tokens.all().delete()[0]
