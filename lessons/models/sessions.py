from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.crypto import salted_hmac


class BrowserSession(AbstractBaseSession):
    """A browser that somebody has signed in with, for its owner to see and to end."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions")
    device = models.CharField(max_length=60, blank=True)
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta(AbstractBaseSession.Meta):
        ordering = ("-seen_at",)

    @classmethod
    def get_session_store_class(cls) -> Any:
        from lessons.sessions import SessionStore

        return SessionStore

    @property
    def handle(self) -> str:
        """Names it to its owner; the key itself opens it, and is never shown."""
        return salted_hmac("lessons.models.sessions", self.session_key, algorithm="sha256").hexdigest()[:24]
