from __future__ import annotations

import hmac
import secrets

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from lessons.hashing import hash_secret
from lessons.models.base import SchoolRow
from lessons.models.users import User
from lessons.roles import Scope


def new_client_id() -> str:
    return f"client-{secrets.token_hex(8)}"


def known_scopes(value: str) -> None:
    if unknown := sorted(set(value.split()) - set(Scope)):
        raise ValidationError(_("Unknown scopes: %(scopes)s"), params={"scopes": " ".join(unknown)})


class ApiClient(SchoolRow):
    """Another system of one school, which signs in with a client id and a secret.

    The record shows its actions under a user of its own, an integrator of that school without a password.
    """

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="api_client", verbose_name=_("user"))
    client_id = models.CharField(_("client id"), max_length=40, unique=True, default=new_client_id, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.CharField(
        _("scopes"), max_length=100, default="read report complete", blank=True, validators=[known_scopes]
    )
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)

    class Meta:
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return self.user.name

    @property
    def granted(self) -> frozenset[Scope]:
        """Returns its current scopes; none once it is revoked."""
        return frozenset() if self.revoked_at else frozenset(Scope(scope) for scope in self.scopes.split())

    def set_secret(self) -> str:
        """Sets and returns a new secret, to be shown once: only its hash is kept."""
        secret = secrets.token_urlsafe(32)
        self.secret_hash = hash_secret(secret)
        return secret

    def has_secret(self, secret: str) -> bool:
        return hmac.compare_digest(self.secret_hash, hash_secret(secret))


class KeptAnswer(models.Model):
    """The answer to a request under an `Idempotency-Key`, kept for a day (`api/idempotency.py`). `key` is the key's
    hash."""

    user_id = models.BigIntegerField()
    key = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    answer = models.TextField(default="")  # JSON as text, because a JSON column would not keep the order
    made_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        constraints = (models.UniqueConstraint(fields=["user_id", "key"], name="kept_answer_once"),)

    def __str__(self) -> str:
        return self.key
