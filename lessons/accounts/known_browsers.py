"""The browsers that a school's staff have signed in on: the device cookie, and whom it speaks for.

The cookie is signed and holds a random id of the browser, how often somebody has signed in on it, and the last accounts
that did (`VOUCHERS`), newest first: each by the number of its row, a fingerprint of its password, the day, and which of
its browsers this is. No name. It survives signing out. An account *vouches* for every colleague, that is for all
accounts of the schools in which it has a role at the time of asking: so the cookie needs no schools, stays under 400
bytes, and somebody who left a school vouches for nobody there from that moment. Operators and superusers, who belong to
no school, vouch for one another. Five accounts are enough: on a staff room's computer any one of them does.

A voucher ends when its password changes, when its account is deactivated, or after 180 days without a sign-in. For
colleagues it also ends when its account has signed in on five newer browsers (`BROWSERS`), and begins again with the
next sign-in here: nobody can have any number of known browsers. The five have a place each. A newer browser takes the
place of the oldest with all that was counted there, so it gives no new tries.

Each sign-in renews the cookie. A minute later the one before is worth nothing, wherever it was copied to; until then it
is as good, since the answer with the new one may have been lost, or come to the first of two clicks.
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

SALT = "lessons.known_browsers"  # it travels in cookies
VOUCHERS = 5  # on a browser
BROWSERS = 5  # of a voucher
KNOWN_FOR = timedelta(days=180)
LOST_FOR = timedelta(minutes=1)  # until then the cookie before may be sent again
NATION = 0  # stands for the school of those who have none


class Voucher(NamedTuple):
    user_id: int
    password: str  # its fingerprint
    day: int  # since 1970
    number: int  # of this browser among all that the account has vouched for


@dataclass(frozen=True)
class Known:
    """The browser of a request, where tries at this account have their own limit.

    `place` is what they are counted by. `voucher` is the colleague by whom the browser is known; None where the account
    itself has signed in here.
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
    """What has to be known of somebody to tell for whom they vouch."""

    password: str
    is_active: bool
    places: set[int]


def known(request: HttpRequest, username: str, now: datetime) -> Known | None:
    """How tries at the account are counted on this browser; None where neither staff of its school nor the account
    itself have signed in on it.

    The newest voucher counts, so that a browser has one limit and not five. Asks the same of SQL for an account that
    there is not.
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
    """Has the user, who has just signed in, vouch for this browser, with a cookie that replaces the one before."""
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
    """What it says, without vouchers that are too old; None where there is none, or a later one was given out."""
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
    """Whether it is the last one that was given out on its browser, or the one before, whose successor may be lost."""
    last = shared_counter.current("browser", cookie.browser, now=now)
    given_at = last.ends_at - KNOWN_FOR.total_seconds()
    may_be_lost = now.timestamp() - given_at < LOST_FOR.total_seconds()
    return cookie.renewals >= last.hits - may_be_lost


def _people(username: str, vouchers: Iterable[int]) -> tuple[int | None, dict[int, _Person]]:
    """The id of the account, if there is one, and both it and the vouchers by their ids: one statement."""
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
    """Whether this is one of the account's last browsers."""
    return 0 <= _browsers(voucher.user_id, now) - voucher.number < BROWSERS


def _number(before: _Cookie, user_id: int, now: datetime) -> int:
    """Of this browser among the account's: the one it has, or the next where that is none of the last."""
    for voucher in before.vouchers:
        if voucher.user_id == user_id and _is_recent(voucher, now):
            return voucher.number
    number = _browsers(user_id, now) + 1
    shared_counter.renew("browsers", user_id, window=KNOWN_FOR, now=now, hits=number)
    return number


def _browsers(user_id: int, now: datetime) -> int:
    """How many an account has vouched for."""
    return shared_counter.current("browsers", user_id, now=now).hits


def _fingerprint(user_id: int, password: str) -> str:
    """Ends with the password, and tells nothing of it."""
    return salted_hmac(SALT, f"{user_id} {password}", algorithm="sha256").hexdigest()[:16]


def _day(now: datetime) -> int:
    return int(now.timestamp()) // 86_400
