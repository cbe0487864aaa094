"""Who is asking: an access token or a session, and the sign-in that hands out tokens."""

import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from lessons import tokens
from lessons.access import Role
from lessons.errors import BadToken, FieldError, InvalidInput, NotAllowed
from lessons.models import RefreshToken, User


def bearer(header: str) -> str | None:
    """The token of an `Authorization: Bearer` header; None where there is no such header."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class AccessTokenAuthentication(BaseAuthentication):
    """The user behind an access token, asked of SQL: a deleted or deactivated one is refused at once."""

    def authenticate(self, request: Request) -> tuple[User, tokens.AccessClaims] | None:
        token = bearer(request.META.get("HTTP_AUTHORIZATION", ""))
        if token is None:
            return None
        claims = tokens.access_claims(tokens.verify(token, "access"))
        return acting_user(claims.user_id, claims.school_id), claims

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def acting_user(user_id: int, school_id: int | None) -> User:
    """The active user, acting for one school, or for none as an operator. Raises BadToken."""
    user = User.objects.select_related("api_client").filter(pk=user_id, is_active=True).first()
    if user is None:
        raise BadToken("This account is no longer active.")
    user.acting_schools = frozenset() if school_id is None else frozenset({school_id})
    return user


def token_pair(user: User, school_id: int | None, *, now: datetime) -> dict[str, str]:
    """A new access token and a new refresh token for one school (None: an operator's). Raises BadToken."""
    if school_id is None and not user.access.is_operator:
        raise BadToken("This account no longer has a role.")
    if school_id is not None and school_id not in user.access.acting:
        raise BadToken("This account no longer has a role in this school.")
    refresh = RefreshToken.objects.create(
        jti=secrets.token_urlsafe(32), user=user, school_id=school_id, expires_at=now + settings.REFRESH_LIFETIME
    )
    claims = {"sub": str(user.pk), "jti": refresh.jti}
    return {
        "access": tokens.sign(
            "access", _access_claims(user, school_id), now=now, expires_at=now + settings.ACCESS_LIFETIME
        ),
        "refresh": tokens.sign("refresh", claims, now=now, expires_at=refresh.expires_at),
    }


def choose_school(user: User, wanted: int | None) -> int | None:
    """The school that a new token is for. Raises InvalidInput where a choice is missing, NotAllowed for no role."""
    schools = user.access.schools()
    if wanted is not None:
        if wanted not in schools:
            raise NotAllowed("You have no role in this school.")
        return wanted
    if len(schools) == 1:
        return schools[0]
    if schools:
        raise InvalidInput([FieldError("/school", "required", "Say which of your schools this token is for.")])
    if user.access.is_operator:
        return None
    raise NotAllowed("You have no role in any school.")


def rotate(refresh: str, *, now: datetime) -> dict[str, str]:
    """A new pair for a refresh token, which is good once. Raises BadToken."""
    claims = tokens.verify(refresh, "refresh")
    with transaction.atomic():
        stored = RefreshToken.objects.select_for_update().filter(jti=claims.get("jti"), expires_at__gt=now).first()
        if stored is None:
            raise BadToken("The refresh token was used or revoked.")
        stored.delete()
        return token_pair(acting_user(stored.user_id, stored.school_id), stored.school_id, now=now)


def _access_claims(user: User, school_id: int | None) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": str(user.pk), "name": user.name}
    if school_id is None:
        return {**claims, "position": "", "school": None, "nation": None, "roles": [Role.OPERATOR.value]}
    acting = user.access.in_school(school_id)
    return {
        **claims,
        "position": acting.position,
        "school": school_id,
        "nation": acting.school.nation,
        "roles": sorted(role.value for role in acting.roles),
    }
