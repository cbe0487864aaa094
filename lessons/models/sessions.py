"""Sign-ins by browser and by token, and revocations."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import Q
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


def new_sid() -> str:  # migrations import this
    return secrets.token_urlsafe(12)


class DatabaseSid(models.Func):  # migrations import this
    """Gives a sid to rows that processes of an older release write without one."""

    allowed_default = True
    output_field = models.CharField(max_length=16)
    arity = 0

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="lower(hex(randomblob(8)))", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "right(replace(gen_random_uuid()::text, '-', ''), 16)"
        return self.as_sql(compiler, connection, template=template, **context)


class BrowserSessionManager(BaseSessionManager["BrowserSession"]):
    def open(self, now: datetime, idle_since: datetime) -> models.QuerySet[BrowserSession]:
        """Returns the sessions that have not ended by age or, on shared machines, by idle time."""
        return self.filter(Q(own_device=True) | Q(seen_at__gt=idle_since), expire_date__gt=now)


class BrowserSession(AbstractBaseSession):
    """A browser in which somebody signed in; its owner can see and end it.

    The cookie carries a key, of which the row holds only the hash (`lessons/accounts/sessions.py`). `sid` names the
    session to its owner and in register tickets; it opens nothing, and stays when the key changes.
    """

    session_key = models.CharField(_("hash of the session key"), max_length=64, primary_key=True)
    sid = models.CharField(max_length=16, unique=True, default=new_sid, db_default=DatabaseSid(), editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions")
    own_device = models.BooleanField(default=False, db_default=False)  # where it does not end by idle time
    device = models.CharField(max_length=60, blank=True)
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    objects: ClassVar[BrowserSessionManager] = BrowserSessionManager()

    class Meta(AbstractBaseSession.Meta):
        ordering = ("-seen_at",)

    def __str__(self) -> str:
        return self.device or self.sid

    @classmethod
    def get_session_store_class(cls) -> Any:
        return import_string(f"{settings.SESSION_ENGINE}.SessionStore")


class RefreshToken(models.Model):
    """The current refresh token of a sign-in. Only hashes of its ids are stored, never the token. Deleting the row
    revokes it, and every access token and ticket with its `sid`."""

    family = models.CharField(max_length=64, unique=True)
    sid = models.CharField(max_length=16, unique=True, default=new_sid, db_default=DatabaseSid(), editable=False)
    jti = models.CharField(max_length=64)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="refresh_tokens")
    school = models.ForeignKey("lessons.School", on_delete=models.CASCADE, null=True)
    standing = models.CharField(max_length=64)  # of the user when it was issued (`authentication.fingerprint`)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class Revocation(models.Model):
    """Tokens to refuse where they are verified without SQL: with `sid` those of one sign-in, with `lesson_id` the
    user's tickets for that lesson, otherwise everything issued to the user so far.

    Triggers write these rows (`database/rules.py`). They are deleted once they are published (`accounts/revoking.py`).
    `expires_at` is when the sign-in would have ended anyway; `noticed_at` is set if they could not be published at
    once.
    """

    user_id = models.BigIntegerField()
    sid = models.CharField(max_length=16, null=True)
    lesson_id = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField(null=True)
    noticed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("revocation")
        verbose_name_plural = _("revocations")

    def __str__(self) -> str:
        return str(self.user_id)
