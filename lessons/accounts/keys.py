"""Keys for signing tokens: a JSON Web Key Set (RFC 7517) of EC P-256 keys, each with the time from which it signs.
Pure: uses no settings and no store.

A rotation adds a key that signs only once every process has read it. The key before stays valid for verifying until the
last token that it signed has ended. So nobody has to sign in again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from jwt.exceptions import InvalidKeyError
from jwt.utils import base64url_encode

from lessons.lifetimes import LONGEST_LIFE

# Seconds by which the clocks of two servers may differ.
CLOCKS_DIFFER = 60
# Seconds until every process, and every client with a copy of the public keys, has read a new key.
ANNOUNCED = 10 * 60


@dataclass(frozen=True)
class Key:
    """One key pair; `signs_from` is in seconds since 1970."""

    private: ec.EllipticCurvePrivateKey
    signs_from: int

    @cached_property
    def kid(self) -> str:
        """Returns the thumbprint of the public key (RFC 7638)."""
        canonical = json.dumps(self._required_members, sort_keys=True, separators=(",", ":"))
        return base64url_encode(hashlib.sha256(canonical.encode()).digest()).decode()

    @property
    def public_jwk(self) -> dict[str, Any]:
        return {**self._required_members, "use": "sig", "alg": "ES256"}

    @property
    def private_jwk(self) -> dict[str, Any]:
        d = ECAlgorithm.to_jwk(self.private, as_dict=True)["d"]
        return {**self.public_jwk, "kid": self.kid, "d": d, "signs_from": self.signs_from}

    @property
    def _required_members(self) -> dict[str, Any]:
        return ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)


def make(signs_from: int) -> Key:
    return Key(ec.generate_private_key(ec.SECP256R1()), signs_from)


def parse(text: str) -> list[Key]:
    """Returns the keys of a set, in the order in which they sign. Raises ValueError, which never repeats the text."""
    try:
        keys = [_read(jwk) for jwk in json.loads(text)["keys"]]
    except (ValueError, KeyError, TypeError, AttributeError, InvalidKeyError):
        raise ValueError("not a JSON Web Key Set of EC P-256 private keys") from None
    if not keys:
        raise ValueError("the key set is empty")
    return sorted(keys, key=lambda key: key.signs_from)


def dump(keys: Sequence[Key]) -> str:
    return json.dumps({"keys": [key.private_jwk for key in keys]}, indent=1)


def signing(keys: Sequence[Key], now: float) -> Key:
    """Returns the newest key that may sign now, or the first if none may yet."""
    return next((key for key in reversed(keys) if key.signs_from <= now), keys[0])


def verifying(keys: Sequence[Key], now: float) -> list[Key]:
    """Returns the keys that may verify: all but those whose successor has been signing, on every server, for longer
    than any token lives."""
    retired = sum(successor.signs_from + LONGEST_LIFE + CLOCKS_DIFFER <= now for successor in keys[1:])
    return list(keys[retired:])


def rotated(keys: Sequence[Key], now: float, *, announced: int = ANNOUNCED) -> list[Key]:
    """Returns the keys with a new one, which signs after `announced` seconds, and without those that no token needs."""
    return [*verifying(keys, now), make(int(now) + announced if keys else 0)]


def jwks(keys: Sequence[Key], now: float) -> dict[str, Any]:
    """Returns the public keys, as they may be published."""
    return {"keys": [{**key.public_jwk, "kid": key.kid} for key in verifying(keys, now)]}


def _read(jwk: dict[str, Any]) -> Key:
    private = ECAlgorithm.from_jwk(jwk)  # refuses a public half of another key
    if not isinstance(private, ec.EllipticCurvePrivateKey) or jwk["crv"] != "P-256":
        raise ValueError
    return Key(private, int(jwk.get("signs_from", 0)))
