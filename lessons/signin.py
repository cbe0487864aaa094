"""How often somebody may try to sign in, at the page, at the API, and with the old password where it is changed.

Two things are wanted that pull apart: a password must not be guessed, and nobody who guesses may keep a teacher from
her register at nine o'clock. A school is one network, its staff's user names are no secret, and a script at the next
desk is faster than any teacher. So there are two kinds of place, each with budgets that the other cannot use up.

*A known browser*: somebody of the account's school has signed in on it (`known_browsers.py`). Tries are counted by
browser and account. After ten in a day one is possible every 50 seconds, so whoever comes to a browser on which others
have guessed is in within a minute, and nothing that happens on other browsers, at the API or in the network matters.

*Elsewhere*: by account and network, and with it everything that can be had without a sign-in: new browsers, made-up or
old cookies, cookies of other schools, programs. Also by account over all networks on which it has never signed in, and
by network over all accounts, which is what notices somebody who tries one password on every name. Who is refused here
is told for how long, and that a known browser lets them in; a colleague who signs in makes one of this browser.

What is left to an attacker (`python -m drills.signin day` prints the figures):

- The account is counted in its canonical spelling (`usernames.py`), whether or not there is such an account.
- A colleague can make any number of known browsers with an account of their own. `BY_VOUCHER` counts their tries at an
  account over all of them; where the account has signed in on the browser itself, there is nothing to make.
- Whoever copies the device cookie of a browser is that browser, until anybody next signs in on it: they have its
  guesses, and may use up its tries at an account. Other browsers, and other accounts on that one, are not concerned. So
  a colleague who signs in there ends the copy. It opens nothing by itself.
- A colleague who signs in with a copy has the original taken for unknown. The sign-in bears the colleague's name.
- On a browser that a school's staff use, the length of the wait tells after ten tries whether a name is of that school.
  Names of other schools, and names that nobody has, are alike there.

What is right is not counted, but frees no tries elsewhere either: an attacker's budget does not begin anew whenever the
teacher signs in. (After "Slow Down Online Guessing Attacks with Device Cookies", OWASP.)
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from lessons import counting, known_browsers
from lessons.errors import TooMany, UnknownBrowser
from lessons.known_browsers import Known
from lessons.network import network
from lessons.usernames import canonical

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    name: str
    tries: int
    window: timedelta


Key = tuple[object, ...]

# On a known browser, by browser and account: some at once, then one at a time.
AT_ONCE = Limit("at once", 10, timedelta(days=1))
PACED = Limit("paced", 1, timedelta(seconds=50))
# An account, by the colleague who vouches for the browser; not where the account has signed in there itself.
BY_VOUCHER = Limit("voucher", 300, timedelta(days=1))
# And all accounts together.
SPRAYING_COLLEAGUES = Limit("voucher for colleagues", 50, timedelta(minutes=10))

# Elsewhere, an account from one network.
BY_NETWORK = Limit("pair", 5, timedelta(minutes=5))
BY_NETWORK_LONG = Limit("pair, long", 20, timedelta(hours=1))
# Elsewhere, an account from everywhere: not counted where it has signed in from that network.
BY_ACCOUNT = Limit("account", 20, timedelta(hours=1))
# Elsewhere, a network that tries one account after the other.
SPRAYING = Limit("network", 100, timedelta(minutes=10))

# A client's secret cannot be guessed: who has the right one is never refused.
SECRETS = Limit("secret", 5, timedelta(minutes=5))

KNOWN_FOR = timedelta(days=30)  # a network, after an account's last sign-in from it


@dataclass
class Attempt:
    """One try, counted before the password is looked at, or a thousand at once would all pass."""

    account: str
    place: str
    now: datetime
    counted: list[tuple[Limit, Key]] = field(default_factory=list)

    def fits(self, limit: Limit, *key: object) -> bool:
        """Counts the try against a limit."""
        if self._count(limit, key).hits > limit.tries:
            return False
        self.counted.append((limit, key))
        return True

    def on_browser(self, known: Known) -> bool:
        """Counts a try on a known browser. False where all who vouch for it have used up their tries at the account.
        Raises TooMany."""
        here = (self.account, known.browser)
        if not self.fits(AT_ONCE, *here):
            if not self.fits(PACED, *here):
                wait = counting.current(PACED.name, *here, now=self.now).ends_at
                raise TooMany(_("That was tried too often. Please wait before you try again."), self._seconds(wait))
            self.counted.append((AT_ONCE, here))  # begins anew too, when this one is right
        return known.own or any(self._vouched(voucher) for voucher in known.vouchers)

    def elsewhere(self) -> None:
        """Counts a try where nobody of the account's school has signed in before. Raises UnknownBrowser."""
        limits: list[tuple[Limit, Key]] = [(limit, self._pair) for limit in (BY_NETWORK, BY_NETWORK_LONG)]
        if not counting.current("known", *self._pair, now=self.now).hits:
            limits.append((BY_ACCOUNT, (self.account,)))
        limits.append((SPRAYING, (self.place,)))
        if not all(self.fits(limit, *key) for limit, key in limits):
            ends = [self._ends_at(limit, key) for limit, key in limits]
            raise UnknownBrowser(
                _("That was tried too often. Please wait, or sign in on a browser that your school’s staff use."),
                self._seconds(max(ends)),
            )

    def succeeded(self) -> None:
        """What was right is not counted, and whoever is here is known here."""
        for limit, key in self.counted:
            if limit in (AT_ONCE, PACED):
                counting.forget(limit.name, *key)
            else:
                counting.add(limit.name, *key, window=limit.window, now=self.now, hits=-1)
        counting.renew("known", *self._pair, window=KNOWN_FOR, now=self.now)

    def _vouched(self, voucher: int) -> bool:
        return self.fits(BY_VOUCHER, self.account, voucher) and self.fits(SPRAYING_COLLEAGUES, voucher)

    @property
    def _pair(self) -> Key:
        return (self.account, self.place)

    def _count(self, limit: Limit, key: Key) -> counting.Count:
        count = counting.add(limit.name, *key, window=limit.window, now=self.now)
        if limit in (SPRAYING, SPRAYING_COLLEAGUES) and count.hits == limit.tries + 1:  # once a window
            said = (limit.tries, limit.window // timedelta(minutes=1), limit.name, _pseudonym(key))
            log.warning("Over %d sign-ins failed within %d minutes, by %s %s: somebody may be guessing.", *said)
        return count

    def _ends_at(self, limit: Limit, key: Key) -> int:
        """When a limit that is used up lets somebody try again."""
        count = counting.current(limit.name, *key, now=self.now)
        return count.ends_at if count.hits >= limit.tries else 0

    def _seconds(self, ends_at: int) -> float:
        return ends_at - self.now.timestamp()


def admit(request: HttpRequest, username: str) -> Attempt:
    """A try to sign in to an account, by its name. Raises TooMany, whether or not there is such an account."""
    attempt = Attempt(canonical(username), network(request), timezone.now())
    known = known_browsers.known(request, attempt.account, attempt.now)
    if known is None or not attempt.on_browser(known):
        attempt.elsewhere()
    return attempt


def wrong_secret(request: HttpRequest, client_id: str) -> None:
    """Counts a try of another system. Raises TooMany where it should pause."""
    now = timezone.now()
    count = counting.add(SECRETS.name, client_id, network(request), window=SECRETS.window, now=now)
    if count.hits > SECRETS.tries:
        detail = _("That was tried too often. Please wait before you try again.")
        raise TooMany(detail, count.ends_at - now.timestamp())


def _pseudonym(key: Key) -> str:
    """The same in each line of the log, and no address."""
    return salted_hmac("lessons.signin.log", repr(key), algorithm="sha256").hexdigest()[:12]
