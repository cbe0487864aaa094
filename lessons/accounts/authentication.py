"""Who is asking: an access token or a session, and the sign-in that hands out tokens."""

import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from lessons.accounts import revoking, tokens
from lessons.errors import BadToken, FieldError, InvalidInput, NotAllowed
from lessons.hashing import hash_secret
from lessons.models import ApiClient, RefreshToken, User
from lessons.prepared import prepared
from lessons.roles import Role

SAME_AGAIN = timedelta(seconds=10)  # an exchanged refresh token gives the same successor
USED_TO = timedelta(minutes=1)  # as exactly as a client's last use is kept


class AccessTokenAuthentication(BaseAuthentication):
    """The user behind an access token, asked of SQL: who was deleted, deactivated or given another password or other
    roles since is refused at once."""

    def authenticate(self, request: Request) -> tuple[User, tokens.AccessClaims] | None:
        token = tokens.bearer(request.META.get("HTTP_AUTHORIZATION", ""))
        if token is None:
            return None
        claims = tokens.access_claims(tokens.verify(token, "access"))
        user = acting_user(claims.user_id, claims.school_id, claims.sid)
        if not constant_time_compare(claims.standing, standing(user, claims.school_id)):
            raise BadToken("Your password or your roles have changed. Please sign in again.")
        return user, claims

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def acting_user(user_id: int, school_id: int | None, sid: str = "") -> User:
    """The active user, acting for one school, or for none as an operator. Raises BadToken, also where the sign-in of
    this `sid` has ended."""
    user = next(iter(_active_in(user_id, sid) if sid else _active(user_id)), None)
    if user is None:
        raise BadToken("This account is no longer active, or this sign-in has ended.")
    user.acting_schools = frozenset() if school_id is None else frozenset({school_id})
    return user


@prepared
def _active(user_id: int) -> QuerySet[User]:
    return User.objects.filter(pk=user_id, is_active=True).select_related("api_client")


@prepared
def _active_in(user_id: int, sid: str) -> QuerySet[User]:
    """As `_active`, where the sign-in has not ended."""
    signed_in = User.objects.filter(pk=user_id, is_active=True, refresh_tokens__sid=sid)
    return signed_in.select_related("api_client")


def standing(user: User, school_id: int | None) -> str:
    """What tokens for one school stand on: password, roles there and a client's secret and scopes, as one short text.
    When any of these changes, refresh tokens and access tokens end without anybody having to think of it."""
    acting = user.access.acting.get(school_id or 0)
    roles = sorted(acting.roles) if acting else [Role.OPERATOR] if school_id is None and user.access.is_operator else []
    client = getattr(user, "api_client", None)
    grounds = [user.password, user.is_active, roles, client and [client.secret_hash, sorted(client.granted)]]
    return salted_hmac("lessons.authentication.standing", json.dumps(grounds), algorithm="sha256").hexdigest()[:32]


def access_token(user: User, school_id: int | None, *, now: datetime, sid: str = "") -> str:
    """For one school (None: an operator's). It ends with the sign-in that `sid` names. Raises BadToken for a user who
    has no role there."""
    if school_id is None and not user.access.is_operator:
        raise BadToken("This account no longer has a role.")
    if school_id is not None and school_id not in user.access.acting:
        raise BadToken("This account no longer has a role in this school.")
    claims = _access_claims(user, school_id) | ({"sid": sid} if sid else {})
    return tokens.sign("access", claims, now=now, expires_at=now + settings.ACCESS_LIFETIME)


def token_pair(user: User, school_id: int | None, *, now: datetime) -> dict[str, str]:
    """A new access token, and a refresh token that starts a family of its own. Raises BadToken."""
    name, jti = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    family = RefreshToken(
        user=user,
        school_id=school_id,
        family=hash_secret(name),
        standing=standing(user, school_id),
    )
    access = access_token(user, school_id, now=now, sid=family.sid)
    _exchange(family, jti, now)
    return {"access": access, "refresh": _refresh_token(family, name, jti, now)}


def client(client_id: str, client_secret: str, *, now: datetime) -> ApiClient:
    """The client that has this secret, now. Raises BadToken, which says the same of every wrong pair."""
    found = ApiClient.objects.select_related("user", "school").filter(client_id=client_id, revoked_at=None).first()
    if found is None or not found.has_secret(client_secret) or not found.user.is_active:
        raise BadToken("The client id or the secret is not right.")
    if found.last_used_at is None or found.last_used_at < now - USED_TO:
        ApiClient.objects.filter(pk=found.pk).update(last_used_at=now)
    return found


def client_token(client: ApiClient, *, now: datetime) -> dict[str, Any]:
    """A new access token for another system; it needs no refresh token, since it keeps its secret."""
    user = client.user
    user.acting_schools = frozenset({client.school_id})
    access = access_token(user, client.school_id, now=now)
    return {"access": access, "expires_in": int(settings.ACCESS_LIFETIME.total_seconds())}


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
    """A new pair for a refresh token, which is good once. Within ten seconds the same token is given the same successor
    again, with the same end: the answer was lost, or two tabs asked. Later, or when the successor was itself exchanged,
    one of the two was stolen: that ends the whole family. Raises BadToken."""
    claims = tokens.verify(refresh, "refresh")
    name, jti = claims["family"], claims["jti"]
    successor = _successor(name, jti)
    with transaction.atomic():
        family = RefreshToken.objects.select_for_update().filter(family=hash_secret(name), expires_at__gt=now).first()
        is_current = family is not None and constant_time_compare(family.jti, hash_secret(jti))
        if family is not None and (is_current or _is_repeated(family, successor, now)):
            user = acting_user(family.user_id, family.school_id)
            if constant_time_compare(family.standing, standing(user, family.school_id)):
                access = access_token(user, family.school_id, now=now, sid=family.sid)
                if is_current:
                    _exchange(family, successor, now)
                return {"access": access, "refresh": _refresh_token(family, name, successor, now)}
    if family is not None:
        family.delete()
        revoking.tell_promptly()
    raise BadToken("The refresh token was used or revoked.")


def revoke(refresh: str) -> None:
    """Signs out: the family of a refresh token ends. Raises BadToken for what is no refresh token of ours."""
    RefreshToken.objects.filter(family=hash_secret(tokens.verify(refresh, "refresh")["family"])).delete()
    revoking.tell_promptly()


def _is_repeated(family: RefreshToken, successor: str, now: datetime) -> bool:
    """Whether a token is the one that was exchanged for the current one, its successor, a moment ago."""
    exchanged_at = family.expires_at - settings.REFRESH_LIFETIME
    return constant_time_compare(family.jti, hash_secret(successor)) and now - exchanged_at <= SAME_AGAIN


def _successor(name: str, jti: str) -> str:
    """The id of the token that another is exchanged for. Derived, so that it can be given again and is kept nowhere;
    SECRET_KEY is in it, so that whoever has a token or the database cannot tell the next."""
    key = salted_hmac("lessons.authentication.successor", f"{name} {jti}", algorithm="sha256")
    return key.hexdigest()[:32]


def _exchange(family: RefreshToken, jti: str, now: datetime) -> None:
    """Makes it the family's current token."""
    family.jti, family.expires_at = hash_secret(jti), now + settings.REFRESH_LIFETIME
    family.save(update_fields=None if family._state.adding else ("jti", "expires_at"))


def _refresh_token(family: RefreshToken, name: str, jti: str, now: datetime) -> str:
    claims = {"sub": str(family.user_id), "family": name, "jti": jti}
    return tokens.sign("refresh", claims, now=now, expires_at=family.expires_at)


def _access_claims(user: User, school_id: int | None) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": str(user.pk), "name": user.name, "standing": standing(user, school_id)}
    if school_id is None:
        national: dict[str, Any] = {"position": "", "school": None, "nation": None, "scopes": []}
        return {**claims, **national, "roles": [Role.OPERATOR.value]}
    acting = user.access.in_school(school_id)
    return {
        **claims,
        "position": acting.position,
        "school": school_id,
        "nation": acting.school.nation,
        "roles": sorted(role.value for role in acting.roles),
        "scopes": sorted(scope.value for scope in acting.scopes),
    }
