"""The only module that signs and verifies tokens: simplejwt's backend with ES256 and a set of keys. Uses no store.

simplejwt writes no `kid` and knows one verifying key, so `SigningBackend` replaces two of its methods;
`absences/reporting/tests/test_forged_tokens.py` fails if a release no longer calls them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError

from lessons.accounts import keys
from lessons.calendar import school_time
from lessons.converters import MAX_ID, IdConverter
from lessons.errors import BadToken
from lessons.lifetimes import LONGEST_LIFE
from lessons.roles import Role, Scope

log = logging.getLogger(__name__)

Claim = TypeVar("Claim")

ALGORITHM = "ES256"
AUDIENCE = "attendance"
HEADERS = frozenset({"alg", "typ", "kid"})  # that we write; a token with others (jku, jwk, crit) is not ours

# Bytes: a ticket for 500 students has 7 kB, and servers accept no longer headers either.
LONGEST = 8 * 1024
# Tokens remembered by each process. Verifying costs 0.2 ms, as much as the rest of a report.
REMEMBERED = 4096
LOOK_AGAIN = 5.0  # seconds between checks of the key file


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """The holder of an access token and its school; for an operator, school and nation are None.

    `fingerprint` (the claim `standing`) is the one that the token was issued for (`authentication.fingerprint`). `sid`
    names the sign-in that it comes from, and is "" for another system's token.
    """

    user_id: int
    name: str
    position: str
    school_id: int | None
    nation: str | None
    roles: frozenset[Role]
    scopes: frozenset[Scope]
    fingerprint: str
    sid: str = ""


def bearer(header: str) -> str | None:
    """Returns the token of an `Authorization: Bearer` header, or None if there is no such header."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def sign(typ: str, claims: dict[str, Any], *, now: datetime, expires_at: datetime) -> str:
    """Returns a signed token of a type (`access`, `refresh` or `ticket`) with `iss`, `aud`, `iat`, `iat_ms` and
    `exp`."""
    seconds, milliseconds = divmod(school_time.milliseconds(now), 1000)
    times = {"iat": seconds, "iat_ms": milliseconds, "exp": int(expires_at.timestamp())}
    return SigningBackend(current()).encode({"typ": typ, **claims, **times})


def verify(token: str, *types: str) -> Mapping[str, Any]:
    """Returns the claims of a token of one of these types. Raises BadToken."""
    if len(token) > LONGEST:
        raise BadToken("The token is too long.")
    try:
        claims = _verified(token, current())
    except (TokenBackendError, ValueError, RecursionError) as error:  # the last: deeply nested headers
        raise BadToken("The token is not valid or has expired.") from error
    if _has_ended(claims):  # it was valid when it was remembered
        raise BadToken("The token is not valid or has expired.")
    if claims.get("typ") not in types:
        raise BadToken("The token is of another type.")
    return claims


def access_claims(claims: Mapping[str, Any]) -> AccessClaims:
    """Returns the claims of a verified access token. Raises BadToken if one is missing or of the wrong type."""
    try:
        school, nation = claims["school"], claims["nation"]
        return AccessClaims(
            user_id=user_id(claims),
            name=typed(claims, "name", str),
            position=typed(claims, "position", str),
            school_id=None if school is None else row_id(claims, "school"),
            nation=None if nation is None else typed(claims, "nation", str),
            roles=frozenset(Role(role) for role in typed(claims, "roles", list)),
            scopes=frozenset(Scope(scope) for scope in typed(claims, "scopes", list)),
            fingerprint=typed(claims, "standing", str),
            sid=claims.get("sid", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadToken("A claim is missing from the token.") from error


def issued_at(claims: Mapping[str, Any]) -> int:
    """Returns when a verified token was issued, in milliseconds since 1970. A token of an older version has seconds
    only, and counts as issued at the start of its second."""
    return int(claims["iat"]) * 1000 + int(claims.get("iat_ms", 0))


def user_id(claims: Mapping[str, Any]) -> int:
    """Returns the user's id from `sub`. Raises KeyError, TypeError and ValueError."""
    return IdConverter.read(typed(claims, "sub", str))


def row_id(claims: Mapping[str, Any], name: str) -> int:
    """Returns a claim that is a database id. Raises KeyError, TypeError and ValueError."""
    number = typed(claims, name, int)
    if not 0 < number <= MAX_ID:
        raise ValueError(name)
    return number


def typed(claims: Mapping[str, Any], name: str, kind: type[Claim]) -> Claim:
    """Returns a claim of exactly this type, so that True is not a number. Raises KeyError and TypeError."""
    value = claims[name]
    if type(value) is not kind:
        raise TypeError(name)
    return value


class KeySet:
    """The keys from one reading. Compared by identity: another reading forgets every verified token."""

    def __init__(self, text: str) -> None:
        self.keys = keys.parse(text)
        self._by_kid = {key.kid: key for key in self.keys}

    def signing(self) -> keys.Key:
        return keys.signing(self.keys, time.time())

    def verifying(self, kid: object) -> keys.Key | None:
        key = self._by_kid.get(kid) if isinstance(kid, str) else None
        return key if key in keys.verifying(self.keys, time.time()) else None


class SigningBackend(TokenBackend):
    """simplejwt's backend, with a `kid` in the header and a key for each."""

    def __init__(self, key_set: KeySet) -> None:
        super().__init__(ALGORITHM, audience=AUDIENCE, issuer=settings.TOKEN_ISSUER, leeway=keys.CLOCKS_DIFFER)
        self.key_set = key_set

    def get_verifying_key(self, token: Any) -> Any:
        header = jwt.get_unverified_header(token)  # a malformed one raises what `decode` expects
        key = self.key_set.verifying(header.get("kid"))
        if key is None or not HEADERS.issuperset(header):
            raise TokenBackendError("The token was not signed with one of our keys.")
        return key.private.public_key()

    def encode(self, payload: dict[str, Any]) -> str:
        key = self.key_set.signing()
        ours = {**payload, "iss": self.issuer, "aud": self.audience}
        return jwt.encode(ours, key.private, ALGORITHM, headers={"kid": key.kid})


@lru_cache(maxsize=REMEMBERED)
def _verified(token: str, key_set: KeySet) -> Mapping[str, Any]:
    """Returns the claims of a token with the right signature, times, issuer and audience. Failures are not cached."""
    claims = SigningBackend(key_set).decode(cast(Any, token))
    issued, ends, milliseconds = claims.get("iat"), claims.get("exp"), claims.get("iat_ms", 0)
    if type(issued) is not int or type(ends) is not int or ends - issued > LONGEST_LIFE:
        raise ValueError("times")
    if type(milliseconds) is not int or not 0 <= milliseconds < 1000:
        raise ValueError("iat_ms")
    if type(claims.get("sid", "")) is not str:
        raise ValueError("sid")
    if _has_ended(claims):  # the library's leeway applies to `exp` too
        raise ValueError("exp")
    if claims["aud"] != AUDIENCE:  # the library would accept a list
        raise ValueError("aud")
    return MappingProxyType(claims)


def _has_ended(claims: Mapping[str, Any]) -> bool:
    return bool(claims["exp"] <= time.time())


class _Reader:
    """Reads the keys from the settings, and again when their file is replaced."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key_set: KeySet | None = None
        self._source: tuple[object, ...] = ()
        self._look_again = 0.0

    def current(self) -> KeySet:
        path: Path | None = settings.TOKEN_KEYS_FILE
        if self._key_set is None or (path and time.monotonic() >= self._look_again):
            with self._lock:
                self._read(path)
        assert self._key_set is not None
        return self._key_set

    def forget(self) -> None:
        self._key_set, self._source = None, ()

    def _read(self, path: Path | None) -> None:
        self._look_again = time.monotonic() + LOOK_AGAIN
        try:
            stamp = path.stat() if path else None
            source = (path, stamp and (stamp.st_ino, stamp.st_mtime_ns, stamp.st_size))
            if self._key_set is None or source != self._source:
                self._key_set = KeySet(path.read_text() if path else settings.TOKEN_KEYS)
                self._source = source
        except (OSError, ValueError) as error:
            if self._key_set is None:
                raise
            log.critical("The token keys cannot be read again; the old ones stay in use: %s", type(error).__name__)


_reader = _Reader()
current = _reader.current
forget_keys = _reader.forget
