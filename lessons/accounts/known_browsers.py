"""Known browsers, on which a school's staff have signed in: the device cookie, and the accounts that it vouches for.

The cookie is signed. It holds a random id of the browser, the number of sign-ins on it, and the last accounts that
signed in (`VOUCHERS`), newest first: for each the id of its row, a fingerprint of its password, the day, and which of
its browsers this is. It holds no name, and it survives signing out. An account *vouches* for every colleague, that is,
for all accounts of the schools in which it has a role at the time of the check. So the cookie needs no schools and
stays under 400 bytes, and a user who leaves a school vouches for nobody there from then on. Operators and superusers,
who belong to no school, vouch for one another. Five accounts are enough: on a staff room's computer any of them does.

A voucher ends when its password changes, when its account is deactivated, or after 180 days without a sign-in. For
colleagues it also ends when its account has signed in on five newer browsers (`BROWSERS`), and begins again with the
next sign-in here: nobody can have any number of known browsers. Each of the five has a place. A newer browser takes the
place of the oldest with everything counted there, so that it brings no new tries.

Each sign-in renews the cookie. A minute later the previous cookie is worthless, wherever it was copied to. Until then
it is as good as the new one, because the answer may have been lost, or may belong to the first of two clicks.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from lessons.accounts import shared_counter
from lessons.models import User
from lessons.roles import Role

SALT = "lessons.known_browsers"  # stored in cookies
VOUCHERS = 5  # of a browser
BROWSERS = 5  # of a voucher
KNOWN_FOR = timedelta(days=180)
LOST_FOR = timedelta(minutes=1)  # until then the previous cookie may be sent again
NATION = 0  # the place of those who belong to no school


class Voucher(NamedTuple):
    user_id: int
    password: str  # its fingerprint
    day: int  # since 1970
    number: int  # of this browser among all that the account has vouched for


@dataclass(frozen=True)
class Known:
    """A browser on which tries at this account have a limit of their own.

    `place` is the key by which they are counted. `voucher` is the colleague who makes the browser known, or None if the
    account itself has signed in here.
    """

    place: str
    voucher: int | None


@dataclass(frozen=True)
class _Cookie:
    browser: str
    renewals: int
    vouchers: tuple[Voucher, ...]


@dataclass
class _Person:
    """The facts that decide for whom an account vouches."""

    password: str
    is_active: bool
    places: set[int]


def known(request: HttpRequest, username: str, now: datetime) -> Known | None:
    """Returns how tries at the account are counted on this browser, or None if neither the account nor a colleague has
    signed in on it.

    The newest voucher counts, so that a browser has one limit and not five. An account that does not exist causes the
    same SQL queries.
    """
    if (cookie := _cookie(request, now)) is None:
        return None
    account, people = _people(username, [voucher.user_id for voucher in cookie.vouchers])
    if account is None:
        return None
    valid = [voucher for voucher in cookie.vouchers if _is_valid(voucher, people.get(voucher.user_id))]
    if any(voucher.user_id == account for voucher in valid):
        return Known(cookie.browser, None)
    for voucher in valid:
        if people[voucher.user_id].places & people[account].places and _is_recent(voucher, now):
            return Known(f"{voucher.user_id} {voucher.number % BROWSERS}", voucher.user_id)
    return None


def remember(request: HttpRequest, response: HttpResponse, user: User, now: datetime) -> None:
    """Makes the user, who has just signed in, vouch for this browser, with a cookie that replaces the previous one."""
    before = _cookie(request, now) or _Cookie(secrets.token_urlsafe(12), 0, ())
    own = Voucher(user.pk, _fingerprint(user.pk, user.password), _day(now), _number(before, user.pk, now))
    others = [each for each in before.vouchers if each.user_id != user.pk]
    renewals = shared_counter.current("browser", before.browser, now=now).hits + 1
    shared_counter.renew("browser", before.browser, window=KNOWN_FOR, now=now, hits=renewals)
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps([before.browser, renewals, [own, *others][:VOUCHERS]], salt=SALT),
        max_age=KNOWN_FOR,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _cookie(request: HttpRequest, now: datetime) -> _Cookie | None:
    """Returns the cookie without vouchers that are too old, or None if there is none or a newer one was issued."""
    try:
        said: Any = signing.loads(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=SALT)
        browser, renewals, vouchers = said
        found = _Cookie(str(browser), int(renewals), tuple(Voucher(*each) for each in vouchers))
    except (signing.BadSignature, TypeError, ValueError):
        return None
    if not _is_good(found, now):
        return None
    oldest = _day(now) - KNOWN_FOR.days
    return _Cookie(found.browser, found.renewals, tuple(each for each in found.vouchers if each.day >= oldest))


def _is_good(cookie: _Cookie, now: datetime) -> bool:
    """Returns whether this is the last cookie issued to its browser, or the one before it, whose successor may be
    lost."""
    last = shared_counter.current("browser", cookie.browser, now=now)
    given_at = last.ends_at - KNOWN_FOR.total_seconds()
    may_be_lost = now.timestamp() - given_at < LOST_FOR.total_seconds()
    return cookie.renewals >= last.hits - may_be_lost


def _people(username: str, vouchers: Iterable[int]) -> tuple[int | None, dict[int, _Person]]:
    """Returns the id of the account, if it exists, and the account and the vouchers by id, in one statement."""
    found = User.objects.filter(Q(username=username) | Q(pk__in=list(vouchers)))
    columns = ("pk", "username", "password", "is_active", "is_superuser", "memberships__school", "memberships__role")
    account, people = None, dict[int, _Person]()
    for pk, name, password, is_active, is_superuser, school, role in found.values_list(*columns):
        person = people.setdefault(pk, _Person(password, is_active, set()))
        if school is not None:
            person.places.add(school)
        if is_superuser or role == Role.OPERATOR:
            person.places.add(NATION)
        account = pk if name == username else account
    return account, people


def _is_valid(voucher: Voucher, person: _Person | None) -> bool:
    if person is None or not person.is_active:
        return False
    return constant_time_compare(voucher.password, _fingerprint(voucher.user_id, person.password))


def _is_recent(voucher: Voucher, now: datetime) -> bool:
    """Returns whether this is one of the account's latest browsers."""
    return 0 <= _browsers(voucher.user_id, now) - voucher.number < BROWSERS


def _number(before: _Cookie, user_id: int, now: datetime) -> int:
    """Returns this browser's number among the account's: its present one, or the next if it is not one of the
    latest."""
    for voucher in before.vouchers:
        if voucher.user_id == user_id and _is_recent(voucher, now):
            return voucher.number
    number = _browsers(user_id, now) + 1
    shared_counter.renew("browsers", user_id, window=KNOWN_FOR, now=now, hits=number)
    return number


def _browsers(user_id: int, now: datetime) -> int:
    """Returns how many browsers an account has vouched for."""
    return shared_counter.current("browsers", user_id, now=now).hits


def _fingerprint(user_id: int, password: str) -> str:
    """Returns a text that changes with the password and reveals nothing about it."""
    return salted_hmac(SALT, f"{user_id} {password}", algorithm="sha256").hexdigest()[:16]


def _day(now: datetime) -> int:
    return int(now.timestamp()) // 86_400
