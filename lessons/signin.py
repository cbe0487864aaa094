"""How often a sign-in may be tried: by account and network, never by a network alone, since a school is one address.

A device from which somebody has signed in carries a cookie that says so and is counted by itself: whoever guesses
beside her, in the same classroom, cannot lock a teacher out of her own machine at nine o'clock.
(After "Slow Down Online Guessing Attacks with Device Cookies", OWASP.)
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from lessons import counting
from lessons.errors import TooMany
from lessons.models import User
from lessons.network import network


@dataclass(frozen=True)
class Limit:
    tries: int
    window: timedelta


BY_DEVICE = Limit(10, timedelta(minutes=10))  # one that the account has signed in on
BY_NETWORK = Limit(5, timedelta(minutes=5))  # an account from one network, on other devices
# Only where the account has never signed in from that network: an account from everywhere, and a network that tries one
# account after the other.
BY_ACCOUNT = Limit(30, timedelta(hours=1))
SPRAYING = Limit(300, timedelta(minutes=10))

KNOWN_FOR = timedelta(days=30)  # after an account's last sign-in from a network
DEVICE_FOR = timedelta(days=365)
SALT = "lessons.signin.device"


@dataclass
class Attempt:
    """One try, counted before the password is looked at, or a thousand at once would all pass."""

    account: str
    place: str
    now: datetime
    counted: list[tuple[object, ...]] = field(default_factory=list)

    def count(self, limit: Limit, *key: object) -> None:
        """Raises TooMany."""
        count = counting.add(*key, window=limit.window, now=self.now)
        if count.hits > limit.tries:
            raise TooMany(
                _("Too many attempts. Please wait before you try again."), count.ends_at - self.now.timestamp()
            )
        self.counted.append(key)

    def succeeded(self) -> None:
        """What was right is not counted, and whoever is here is known here."""
        for key in self.counted[:1]:
            counting.forget(*key)
        for key in self.counted[1:]:
            counting.add(*key, window=BY_ACCOUNT.window, now=self.now, hits=-1)
        counting.renew("known", self.account, self.place, window=KNOWN_FOR, now=self.now)


def admit(request: HttpRequest, account: str, *, person: bool = True) -> Attempt:
    """A try to sign in to an account, by its name. Raises TooMany, whether or not there is such an account.

    `person` is False for other systems, whose secret cannot be guessed: nobody locks them out from elsewhere.
    """
    name = account.casefold()
    attempt = Attempt(name, network(request), timezone.now())
    if device := _device(request, account):
        attempt.count(BY_DEVICE, "device", name, device)
        return attempt
    attempt.count(BY_NETWORK, "pair", name, attempt.place)
    if person and not counting.present("known", name, attempt.place, now=attempt.now):
        attempt.count(BY_ACCOUNT, "account", name)
        attempt.count(SPRAYING, "network", attempt.place)
    return attempt


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Lets this device be known as one of the user's, until the password changes."""
    device = _device(request, user.username) or secrets.token_urlsafe(12)
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps([user.pk, device, _password(user)], salt=SALT),
        max_age=DEVICE_FOR,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _device(request: HttpRequest, username: str) -> str | None:
    """Of the cookie, if it is this account's and its password is still the same."""
    try:
        said: Any = signing.loads(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=SALT, max_age=DEVICE_FOR)
        pk, device, password = said
    except (signing.BadSignature, TypeError, ValueError):
        return None
    user = User.objects.filter(pk=pk, username=username).first()
    return str(device) if user is not None and password == _password(user) else None


def _password(user: User) -> str:
    return salted_hmac(SALT, user.password, algorithm="sha256").hexdigest()[:16]
