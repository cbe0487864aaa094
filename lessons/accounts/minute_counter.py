"""Requests counted by the minute: by each process for itself, and if wanted by all together."""

import threading
from datetime import timedelta
from time import time

from django.utils import timezone

from lessons.accounts import shared_counter
from lessons.errors import StoreUnavailable

MINUTE = 60
STEPS = 20  # to a limit


def rest_of_minute() -> float:
    """Seconds until counting begins again."""
    return MINUTE - time() % MINUTE


class MinuteCounter:
    """Counts of the present minute, by key.

    With `shared` each process reports to the others in steps, so that reads do not become writes; a limit can then be
    exceeded by at most one step per process. Otherwise no store is asked, and each process has the whole limit.
    """

    def __init__(self, *, shared: bool) -> None:
        self._shared = shared
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._minute = 0
        self._counts: dict[str, list[int]] = {}  # what the others know, and what they do not know yet

    def add(self, key: str, limit: int) -> int:
        """Adds a request; returns the number within the minute, as far as this process knows it."""
        minute = int(time() // MINUTE)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            count = self._counts.setdefault(key, [0, 0])
            count[1] += 1
            if not self._shared or sum(count) > limit:
                return sum(count)
            untold = count[1] if count[1] >= max(1, limit // STEPS) else 0
            count[1] -= untold
            count[0] += untold
        if untold:
            told = _tell(key, minute, untold)
            with self._lock:
                count[0] = max(count[0], told)
        return sum(count)


def _tell(key: str, minute: int, hits: int) -> int:
    """Adds to the shared count and returns it. If it is unavailable, each process uses its own count, so that reads go
    on."""
    try:
        window = timedelta(minutes=2)
        return shared_counter.add("throttle", key, minute, window=window, now=timezone.now(), hits=hits).hits
    except StoreUnavailable:
        return 0
