"""Authentication by access token, and issuing tokens to users and to other systems."""

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
from lessons.json_types import Tokens
from lessons.models import ApiClient, RefreshToken, User
from lessons.prepared import prepared
from lessons.roles import Role

SAME_AGAIN = timedelta(seconds=10)  # a refresh token exchanged again within this time gets the same successor
USED_TO = timedelta(minutes=1)  # the precision of a client's last use


class AccessTokenAuthentication(BaseAuthentication):
    """Authenticates by access token and reads the user from SQL, so that deleted or deactivated users, and users with a
    new password or other roles, are refused at once."""

    def authenticate(self, request: Request) -> tuple[User, tokens.AccessClaims] | None:
        token = tokens.bearer(request.META.get("HTTP_AUTHORIZATION", ""))
        if token is None:
            return None
        claims = tokens.access_claims(tokens.verify(token, "access"))
        user = acting_user(claims.user_id, claims.school_id, claims.sid)
        if not constant_time_compare(claims.fingerprint, fingerprint(user, claims.school_id)):
            raise BadToken("Your password or your roles have changed. Please sign in again.")
        return user, claims

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def acting_user(user_id: int, school_id: int | None, sid: str = "") -> User:
    """Returns the active user, acting for one school, or for none as an operator. Raises BadToken, also if the sign-in
    with this `sid` has ended."""
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
    """Like `_active`, if the sign-in has not ended."""
    signed_in = User.objects.filter(pk=user_id, is_active=True, refresh_tokens__sid=sid)
    return signed_in.select_related("api_client")


def fingerprint(user: User, school_id: int | None) -> str:
    """Returns the fingerprint that tokens for one school depend on: a short text made from password, roles there, and a
    client's secret and scopes. When any of these changes, access and refresh tokens end by themselves."""
    acting = user.access.acting.get(school_id or 0)
    roles = sorted(acting.roles) if acting else [Role.OPERATOR] if school_id is None and user.access.is_operator else []
    client = getattr(user, "api_client", None)
    grounds = [user.password, user.is_active, roles, client and [client.secret_hash, sorted(client.granted)]]
    return salted_hmac("lessons.authentication.standing", json.dumps(grounds), algorithm="sha256").hexdigest()[:32]


def access_token(user: User, school_id: int | None, *, now: datetime, sid: str = "") -> str:
    """Returns an access token for one school (None: an operator's). It ends with the sign-in that `sid` names. Raises
    BadToken if the user has no role there."""
    if school_id is None and not user.access.is_operator:
        raise BadToken("This account no longer has a role.")
    if school_id is not None and school_id not in user.access.acting:
        raise BadToken("This account no longer has a role in this school.")
    claims = _access_claims(user, school_id) | ({"sid": sid} if sid else {})
    return tokens.sign("access", claims, now=now, expires_at=now + settings.ACCESS_LIFETIME)


def token_pair(user: User, school_id: int | None, *, now: datetime) -> Tokens:
    """Returns a new access token, and a refresh token that begins a family. Raises BadToken."""
    name, jti = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    family = RefreshToken(
        user=user,
        school_id=school_id,
        family=hash_secret(name),
        standing=fingerprint(user, school_id),
    )
    access = access_token(user, school_id, now=now, sid=family.sid)
    _exchange(family, jti, now)
    return {"access": access, "refresh": _refresh_token(family, name, jti, now)}


def client(client_id: str, client_secret: str, *, now: datetime) -> ApiClient:
    """Returns the client with this id and secret. Raises BadToken, with the same message for every wrong pair."""
    found = ApiClient.objects.select_related("user", "school").filter(client_id=client_id, revoked_at=None).first()
    if found is None or not found.has_secret(client_secret) or not found.user.is_active:
        raise BadToken("The client id or the secret is wrong.")
    if found.last_used_at is None or found.last_used_at < now - USED_TO:
        ApiClient.objects.filter(pk=found.pk).update(last_used_at=now)
    return found


def client_token(client: ApiClient, *, now: datetime) -> Tokens:
    """Returns a new access token for another system. It gets no refresh token, because it keeps its secret."""
    user = client.user
    user.acting_schools = frozenset({client.school_id})
    access = access_token(user, client.school_id, now=now)
    return {"access": access, "expires_in": int(settings.ACCESS_LIFETIME.total_seconds())}


def choose_school(user: User, wanted: int | None) -> int | None:
    """Returns the school that a new token is for. Raises InvalidInput if the user must choose, NotAllowed without a
    role."""
    schools = user.access.schools()
    if wanted is not None:
        if wanted not in schools:
            raise NotAllowed("You have no role in this school.")
        return wanted
    if len(schools) == 1:
        return schools[0]
    if schools:
        raise InvalidInput([FieldError("/school", "required", "Choose the school that this token is for.")])
    if user.access.is_operator:
        return None
    raise NotAllowed("You have no role in any school.")


def rotate(refresh: str, *, now: datetime) -> Tokens:
    """Returns a new pair for a refresh token, which can be used once. Within ten seconds the same token gets the same
    successor, with the same end, because the answer may have been lost or two tabs may have asked. Later, or if the
    successor was itself exchanged, one of the two was stolen and the whole family ends. Raises BadToken."""
    claims = tokens.verify(refresh, "refresh")
    name, jti = claims["family"], claims["jti"]
    successor = _successor(name, jti)
    with transaction.atomic():
        family = RefreshToken.objects.select_for_update().filter(family=hash_secret(name), expires_at__gt=now).first()
        is_current = family is not None and constant_time_compare(family.jti, hash_secret(jti))
        if family is not None and (is_current or _is_repeated(family, successor, now)):
            user = acting_user(family.user_id, family.school_id)
            if constant_time_compare(family.standing, fingerprint(user, family.school_id)):
                access = access_token(user, family.school_id, now=now, sid=family.sid)
                if is_current:
                    _exchange(family, successor, now)
                return {"access": access, "refresh": _refresh_token(family, name, successor, now)}
    if family is not None:
        family.delete()
        revoking.tell_promptly()
    raise BadToken("The refresh token has been used or revoked.")


def revoke(refresh: str) -> None:
    """Signs out: ends the family of a refresh token. Raises BadToken for anything else."""
    RefreshToken.objects.filter(family=hash_secret(tokens.verify(refresh, "refresh")["family"])).delete()
    revoking.tell_promptly()


def _is_repeated(family: RefreshToken, successor: str, now: datetime) -> bool:
    """Returns whether the current token, `successor`, was issued for this one a moment ago."""
    exchanged_at = family.expires_at - settings.REFRESH_LIFETIME
    return constant_time_compare(family.jti, hash_secret(successor)) and now - exchanged_at <= SAME_AGAIN


def _successor(name: str, jti: str) -> str:
    """Returns the id of a token's successor. It is derived, so that it can be issued again without being stored.
    SECRET_KEY is part of it, so that neither a token nor the database reveals the next."""
    key = salted_hmac("lessons.authentication.successor", f"{name} {jti}", algorithm="sha256")
    return key.hexdigest()[:32]


def _exchange(family: RefreshToken, jti: str, now: datetime) -> None:
    """Makes this the family's current token."""
    family.jti, family.expires_at = hash_secret(jti), now + settings.REFRESH_LIFETIME
    family.save(update_fields=None if family._state.adding else ("jti", "expires_at"))


def _refresh_token(family: RefreshToken, name: str, jti: str, now: datetime) -> str:
    claims = {"sub": str(family.user_id), "family": name, "jti": jti}
    return tokens.sign("refresh", claims, now=now, expires_at=family.expires_at)


def _access_claims(user: User, school_id: int | None) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": str(user.pk), "name": user.name, "standing": fingerprint(user, school_id)}
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
