"""Limits on signing in, at the page, at the API, and with the old password where it is changed.

Two aims conflict: passwords must be hard to guess, and an attacker must not keep a teacher from her register. A school
is one network, its staff's user names are no secret, and a pupil's script is faster than any teacher. So there are two
kinds of place, and neither can use up the other's limits.

*A known browser*: somebody of the account's school has signed in on it (`known_browsers.py`). Tries are counted by
browser and account: ten in a day, then one every 50 seconds. Tries at colleagues who have not signed in on that browser
are also counted together: fifty in ten minutes, then one every 50 seconds. A teacher who comes to a browser on which
others have guessed is in within a minute. Counts over several browsers are only logged, so other browsers, the API and
the network make no difference.

*Elsewhere*: by account and network, together with everything that needs no sign-in: new browsers, made-up or old
cookies, cookies of other schools, programs. Tries are also counted by account over all networks on which it has never
signed in, and by network over all accounts, which notices somebody who tries one password on every name. The refusal
says how long to wait, and that a known browser needs no wait; a colleague who signs in makes this browser known.

An attacker is left with the following (`python -m drills.signin day` prints the figures):

- The account is counted in its canonical spelling (`usernames.py`), whether or not there is such an account.
- A colleague's own account makes five known browsers at a time, and a newer one continues the counts of the oldest:
  five times the tries of one browser. A smaller limit over all of them could be used up by a pupil at one of them.
  More than fifty in ten minutes are logged, with a pseudonym of the colleague.
- Once a colleague has signed in on five newer browsers, the older ones are known only by others, until the next
  sign-in.
- A copy of a browser's device cookie counts as that browser until a minute after the next sign-in on it. The thief has
  its tries and may use them up, at one account or at all that have not signed in there. A user who has signed in there,
  and whose password nobody guesses at, gets in, and so ends the copy a minute later. Other browsers are not affected.
  The cookie alone signs nobody in.
- If a colleague signs in with a copy, the original becomes unknown. The sign-in bears the colleague's name.
- On a browser that a school's staff use, the sixth try reveals whether a name belongs to that school: for all others it
  is refused. Names of other schools and names that nobody has cannot be told apart there.

A right password is not counted, but frees no tries elsewhere either: an attacker's tries do not start again whenever
the teacher signs in. (After "Slow Down Online Guessing Attacks with Device Cookies", OWASP.)
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

# On a known browser, per browser and account: some tries at once, then one at a time.
AT_ONCE = Limit("at once", 10, timedelta(days=1))
PACED = Limit("paced", 1, timedelta(seconds=50))
# All accounts on a browser together, except those that have signed in there; then PACED too.
SPRAYING_BROWSER = Limit("browser for colleagues", 50, timedelta(minutes=10))
# The same per colleague, over all browsers that they make known: logged, but nothing is refused.
SPRAYING_COLLEAGUES = Limit("voucher for colleagues", 50, timedelta(minutes=10))

# Elsewhere: one account from one network.
BY_NETWORK = Limit("pair", 5, timedelta(minutes=5))
BY_NETWORK_LONG = Limit("pair, long", 20, timedelta(hours=1))
# Elsewhere: one account from all networks, except those on which it has signed in.
BY_ACCOUNT = Limit("account", 20, timedelta(hours=1))
# Elsewhere: a network that tries one account after another.
SPRAYING = Limit("network", 100, timedelta(minutes=10))

# A client's secret cannot be guessed, so the right one is never refused.
SECRETS = Limit("secret", 5, timedelta(minutes=5))

NETWORK_KNOWN_FOR = timedelta(days=30)  # after an account's last sign-in from it


@dataclass
class Attempt:
    """One try. It is counted before the password is checked; otherwise a thousand at once would all pass."""

    account: str
    place: str
    now: datetime
    counted: list[tuple[Limit, Key]] = field(default_factory=list)

    def fits(self, limit: Limit, *key: object) -> bool:
        """Counts the try against a limit; returns whether it is within."""
        if self._count(limit, key).hits > limit.tries:
            return False
        self.counted.append((limit, key))
        return True

    def on_browser(self, known: Known) -> None:
        """Counts a try on a known browser. Raises TooMany."""
        here = (self.account, known.place)
        if not self.fits(AT_ONCE, *here):
            self._pace(*here)
            self.counted.append((AT_ONCE, here))  # this starts again too, if the password is right
        if known.voucher is not None:
            self.fits(SPRAYING_COLLEAGUES, known.voucher)
            if not self.fits(SPRAYING_BROWSER, known.place):
                self._pace(known.place)

    def elsewhere(self) -> None:
        """Counts a try on a browser unknown to the account's school. Raises UnknownBrowser."""
        limits: list[tuple[Limit, Key]] = [(limit, self._pair) for limit in (BY_NETWORK, BY_NETWORK_LONG)]
        if not shared_counter.current("known network", *self._pair, now=self.now).hits:
            limits.append((BY_ACCOUNT, (self.account,)))
        limits.append((SPRAYING, (self.place,)))
        if not all(self.fits(limit, *key) for limit, key in limits):
            seconds = self._seconds(max(self._ends_at(limit, key) for limit, key in limits))
            said = _("%(wait)s You can sign in now on a browser that your school’s staff use.")
            raise UnknownBrowser(said % {"wait": _wait(seconds)}, seconds)

    def succeeded(self) -> None:
        """Takes the counts of this try back, and makes the network known to the account."""
        self._take_back()
        for limit, key in self.counted:
            if limit is AT_ONCE:
                shared_counter.forget(limit.name, *key)
        shared_counter.renew("known network", *self._pair, window=NETWORK_KNOWN_FOR, now=self.now)

    def _pace(self, *key: object) -> None:
        """Allows one try at a time. Raises TooMany, and then does not count the try: its password is not checked."""
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
        if limit in (SPRAYING, SPRAYING_COLLEAGUES) and count.hits == limit.tries + 1:  # once per window
            said = (limit.tries, limit.window // timedelta(minutes=1), limit.name, _pseudonym(key))
            log.warning("Over %d sign-ins failed within %d minutes, by %s %s: somebody may be guessing.", *said)
        return count

    def _ends_at(self, limit: Limit, key: Key) -> int:
        """Returns when a limit that is used up allows another try."""
        count = shared_counter.current(limit.name, *key, now=self.now)
        return count.ends_at if count.hits >= limit.tries else 0

    def _seconds(self, ends_at: int) -> float:
        return ends_at - self.now.timestamp()


def admit(request: HttpRequest, username: str) -> Attempt:
    """Counts a try to sign in to the account with this name. Raises TooMany, whether or not there is such an
    account."""
    attempt = Attempt(canonical(username), network(request), timezone.now())
    known = known_browsers.known(request, attempt.account, attempt.now)
    if known is None:
        attempt.elsewhere()
    else:
        attempt.on_browser(known)
    return attempt


def wrong_secret(request: HttpRequest, client_id: str) -> None:
    """Counts a wrong secret of another system. Raises TooMany if the network should pause."""
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
    """Returns a name that is the same in every line of the log, and reveals no address."""
    return salted_hmac("lessons.signin.log", repr(key), algorithm="sha256").hexdigest()[:12]
