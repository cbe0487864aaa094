"""Idempotent requests: under the same `Idempotency-Key`, a request gets the same answer for a day.

The answer is stored in the transaction that does the work, so that a lost answer never means doing it twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from lessons.errors import FieldError, InvalidInput, Unprocessable
from lessons.hashing import hash_secret
from lessons.lifetimes import ANSWERS_KEPT
from lessons.models import KeptAnswer

KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Repeated(Exception):
    """Another request has claimed this key, and its answer counts."""


@dataclass(frozen=True)
class Repeatable:
    """One request under a user's key. `key` is the key's hash; `digest` covers everything that the request asks for."""

    user_id: int
    key: str
    digest: str
    now: datetime

    @classmethod
    def of(cls, user_id: int, key: str, *asked: Any, now: datetime) -> Repeatable:
        """Returns the request for a key. `asked` is JSON. Raises InvalidInput for an invalid key."""
        if not KEY.fullmatch(key):
            detail = "An Idempotency-Key is 1 to 255 visible ASCII characters."
            raise InvalidInput([FieldError("", "idempotency_key", detail)])
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        return cls(user_id, hash_secret(key), digest, now)

    def claim(self) -> None:
        """Claims the key, first thing in the transaction; waits for another request that holds it. Raises Repeated."""
        own = KeptAnswer.objects.filter(user_id=self.user_id, key=self.key)
        own.filter(made_at__lte=self.now - ANSWERS_KEPT).delete()
        try:
            KeptAnswer.objects.create(user_id=self.user_id, key=self.key, digest=self.digest, made_at=self.now)
        except IntegrityError as error:
            raise Repeated from error

    def keep(self, answer: Any) -> None:
        """Stores the answer, last thing in the transaction."""
        KeptAnswer.objects.filter(user_id=self.user_id, key=self.key).update(answer=json.dumps(answer))

    def answer(self) -> Any:
        """Returns the stored answer. Raises Unprocessable if the key was used for another request."""
        kept = KeptAnswer.objects.get(user_id=self.user_id, key=self.key)
        if kept.digest != self.digest:
            detail = "This Idempotency-Key was used for another request."
            raise Unprocessable([FieldError("", "idempotency_key", detail)])
        return json.loads(kept.answer)
