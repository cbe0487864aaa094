"""How often somebody may try to sign in, at the page, at the API, and with the old password where it is changed.

Two aims conflict: passwords must be hard to guess, and somebody guessing must not keep a teacher from her register. A
school is one network, its staff's user names are no secret, and a pupil's script is faster than any teacher. So there
are two kinds of place, and neither can use up the other's limits.

*A known browser*: somebody of the account's school has signed in on it (`known_browsers.py`). Tries are counted by
browser and account: ten in a day, then one every 50 seconds. Tries at colleagues who have not signed in on that browser
are also counted together: fifty in ten minutes, then one every 50 seconds. A teacher who comes to a browser on which
others have guessed is in within a minute. Nothing is counted over several browsers but for the log, so it does not
matter what happens on other browsers, at the API or in the network.

*Elsewhere*: by account and network, and with it everything that needs no sign-in: new browsers, made-up or old cookies,
cookies of other schools, programs. Also by account over all networks on which it has never signed in, and by network
over all accounts, which notices somebody who tries one password on every name. The refusal says how long to wait, and
that a known browser needs no wait; a colleague who signs in makes this browser a known one.

What is left to an attacker (`python -m drills.signin day` prints the figures):

- The account is counted in its canonical spelling (`usernames.py`), whether or not there is such an account.
- A colleague's own account makes five known browsers at a time, and a newer one goes on with the counts of the oldest:
  five times the tries of one browser. A smaller limit over all of them would be one that a pupil at one of them could
  use up for the others. More than fifty in ten minutes are logged, with a pseudonym of the colleague.
- Where a colleague has signed in on five newer browsers, the older ones are known only by others, until the next
  sign-in.
- A copy of a browser's device cookie is that browser until a minute after somebody next signs in on it: the thief has
  its tries, and may use them up, at one account or at all that have not signed in there. Somebody who has, and at whom
  nobody guesses, gets in and so ends the copy a minute later. Other browsers are not concerned. The cookie opens
  nothing by itself.
- A colleague who signs in with a copy has the original taken for unknown. The sign-in bears the colleague's name.
- On a browser that a school's staff use, the sixth try tells whether a name is of that school: it is refused for all
  others. Names of other schools, and names that nobody has, are alike there.

A right password is not counted, but frees no tries elsewhere either: an attacker's tries do not begin anew whenever the
teacher signs in. (After "Slow Down Online Guessing Attacks with Device Cookies", OWASP.)
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lessons.accounts import known_browsers, shared_counter
from lessons.accounts.known_browsers import Known
from lessons.accounts.network import network
from lessons.errors import TooMany, UnknownBrowser
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
# And all accounts together, but for those that have signed in there: then PACED too.
SPRAYING_BROWSER = Limit("browser for colleagues", 50, timedelta(minutes=10))
# The same by colleague, over all browsers that are known by one: logged, and refuses nothing.
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

NETWORK_KNOWN_FOR = timedelta(days=30)  # after an account's last sign-in from it


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

    def on_browser(self, known: Known) -> None:
        """Counts a try on a known browser. Raises TooMany."""
        here = (self.account, known.place)
        if not self.fits(AT_ONCE, *here):
            self._pace(*here)
            self.counted.append((AT_ONCE, here))  # begins anew too, when this one is right
        if known.voucher is not None:
            self.fits(SPRAYING_COLLEAGUES, known.voucher)
            if not self.fits(SPRAYING_BROWSER, known.place):
                self._pace(known.place)

    def elsewhere(self) -> None:
        """Counts a try where nobody of the account's school has signed in before. Raises UnknownBrowser."""
        limits: list[tuple[Limit, Key]] = [(limit, self._pair) for limit in (BY_NETWORK, BY_NETWORK_LONG)]
        if not shared_counter.current("known network", *self._pair, now=self.now).hits:
            limits.append((BY_ACCOUNT, (self.account,)))
        limits.append((SPRAYING, (self.place,)))
        if not all(self.fits(limit, *key) for limit, key in limits):
            seconds = self._seconds(max(self._ends_at(limit, key) for limit, key in limits))
            said = _("%(wait)s You can sign in now on a browser that your school’s staff use.")
            raise UnknownBrowser(said % {"wait": _wait(seconds)}, seconds)

    def succeeded(self) -> None:
        """What was right is not counted, and whoever is here is known here."""
        self._take_back()
        for limit, key in self.counted:
            if limit is AT_ONCE:
                shared_counter.forget(limit.name, *key)
        shared_counter.renew("known network", *self._pair, window=NETWORK_KNOWN_FOR, now=self.now)

    def _pace(self, *key: object) -> None:
        """Counts the try as the only one for now. Raises TooMany, and then the try is counted nowhere: nobody looks at
        its password."""
        count = self._count(PACED, key)
        if count.hits > PACED.tries:
            self._take_back()
            seconds = self._seconds(count.ends_at)
            raise TooMany(_wait(seconds), seconds)
        self.counted.append((PACED, key))

    def _take_back(self) -> None:
        for limit, key in self.counted:
            if limit is PACED:
                shared_counter.forget(limit.name, *key)
            else:
                shared_counter.add(limit.name, *key, window=limit.window, now=self.now, hits=-1)

    @property
    def _pair(self) -> Key:
        return (self.account, self.place)

    def _count(self, limit: Limit, key: Key) -> shared_counter.Count:
        count = shared_counter.add(limit.name, *key, window=limit.window, now=self.now)
        if limit in (SPRAYING, SPRAYING_COLLEAGUES) and count.hits == limit.tries + 1:  # once a window
            said = (limit.tries, limit.window // timedelta(minutes=1), limit.name, _pseudonym(key))
            log.warning("Over %d sign-ins failed within %d minutes, by %s %s: somebody may be guessing.", *said)
        return count

    def _ends_at(self, limit: Limit, key: Key) -> int:
        """When a limit that is used up lets somebody try again."""
        count = shared_counter.current(limit.name, *key, now=self.now)
        return count.ends_at if count.hits >= limit.tries else 0

    def _seconds(self, ends_at: int) -> float:
        return ends_at - self.now.timestamp()


def admit(request: HttpRequest, username: str) -> Attempt:
    """A try to sign in to an account, by its name. Raises TooMany, whether or not there is such an account."""
    attempt = Attempt(canonical(username), network(request), timezone.now())
    known = known_browsers.known(request, attempt.account, attempt.now)
    if known is None:
        attempt.elsewhere()
    else:
        attempt.on_browser(known)
    return attempt


def wrong_secret(request: HttpRequest, client_id: str) -> None:
    """Counts a try of another system. Raises TooMany where it should pause."""
    now = timezone.now()
    count = shared_counter.add(SECRETS.name, client_id, network(request), window=SECRETS.window, now=now)
    if count.hits > SECRETS.tries:
        seconds = count.ends_at - now.timestamp()
        raise TooMany(_wait(seconds), seconds)


def _wait(seconds: float) -> str:
    minutes = max(1, ceil(seconds / 60))
    said = ngettext(
        "Too many attempts. Wait a minute and try again.",
        "Too many attempts. Wait %(minutes)d minutes and try again.",
        minutes,
    )
    return said % {"minutes": minutes}


def _pseudonym(key: Key) -> str:
    """The same in each line of the log, and no address."""
    return salted_hmac("lessons.signin.log", repr(key), algorithm="sha256").hexdigest()[:12]
