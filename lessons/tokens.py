"""The one module that signs and verifies tokens: simplejwt's backend with ES256. Touches no store."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from cryptography.hazmat.primitives import serialization
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError

from lessons.access import Role
from lessons.errors import BadToken

ALGORITHM = "ES256"
AUDIENCE = "attendance"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """Who holds an access token, and for which school; an operator's school and nation are None."""

    user_id: int
    name: str
    position: str
    school_id: int | None
    nation: str | None
    roles: frozenset[Role]


def sign(typ: str, claims: dict[str, Any], *, now: datetime, expires_at: datetime) -> str:
    """A token of a type (`access`, `refresh` or `ticket`) with `iss`, `aud`, `iat` and `exp`."""
    times = {"iat": int(now.timestamp()), "exp": int(expires_at.timestamp())}
    return _backend().encode({"typ": typ, **claims, **times})


def verify(token: str, *types: str) -> dict[str, Any]:
    """The claims of a token of one of the types. Raises BadToken."""
    try:
        claims = _backend().decode(cast(Any, token))
    except (TokenBackendError, ValueError) as error:
        raise BadToken("The token is not valid or has expired.") from error
    if claims.get("typ") not in types or not isinstance(claims.get("exp"), int):
        raise BadToken("The token is of another type.")
    return dict(claims)


def access_claims(claims: dict[str, Any]) -> AccessClaims:
    """Reads the claims of an access token that was verified. Raises BadToken when one is missing or of another type."""
    try:
        return AccessClaims(
            user_id=int(claims["sub"]),
            name=str(claims["name"]),
            position=str(claims["position"]),
            school_id=None if claims["school"] is None else int(claims["school"]),
            nation=claims["nation"],
            roles=frozenset(Role(role) for role in claims["roles"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadToken("The token lacks a claim.") from error


@cache
def _backend() -> TokenBackend:
    signing_key = settings.TOKEN_KEY_FILE.read_bytes()
    public_key = serialization.load_pem_private_key(signing_key, password=None).public_key()
    verifying_key = public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return TokenBackend(ALGORITHM, signing_key.decode(), verifying_key.decode(), AUDIENCE, settings.TOKEN_ISSUER)
