"""Requests that may be sent again: under the same `Idempotency-Key` the same answer, however often, for a day.

The answer is kept in the transaction that does the work, so that a lost answer never means doing it twice.
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
    """Somebody has claimed this key: what they do, or have done, is the answer."""


@dataclass(frozen=True)
class Repeatable:
    """One request of a user under a key of theirs, of which `key` is the hash; `digest` is of all that it asks for."""

    user_id: int
    key: str
    digest: str
    now: datetime

    @classmethod
    def of(cls, user_id: int, key: str, *asked: Any, now: datetime) -> Repeatable:
        """`asked` is JSON. Raises InvalidInput for what is no key."""
        if not KEY.fullmatch(key):
            detail = "An Idempotency-Key is 1 to 255 visible ASCII characters."
            raise InvalidInput([FieldError("", "idempotency_key", detail)])
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        return cls(user_id, hash_secret(key), digest, now)

    def claim(self) -> None:
        """First thing in the transaction: waits for whoever holds the same key. Raises Repeated."""
        own = KeptAnswer.objects.filter(user_id=self.user_id, key=self.key)
        own.filter(made_at__lte=self.now - ANSWERS_KEPT).delete()
        try:
            KeptAnswer.objects.create(user_id=self.user_id, key=self.key, digest=self.digest, made_at=self.now)
        except IntegrityError as error:
            raise Repeated from error

    def keep(self, answer: Any) -> None:
        """Last thing in the transaction."""
        KeptAnswer.objects.filter(user_id=self.user_id, key=self.key).update(answer=json.dumps(answer))

    def answer(self) -> Any:
        """What was kept. Raises Unprocessable where the key was for something else."""
        kept = KeptAnswer.objects.get(user_id=self.user_id, key=self.key)
        if kept.digest != self.digest:
            detail = "This Idempotency-Key was used for another request."
            raise Unprocessable([FieldError("", "idempotency_key", detail)])
        return json.loads(kept.answer)
