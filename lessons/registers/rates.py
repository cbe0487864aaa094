"""Sums of marks, and rates: always a sum over a sum, never an average of rates. Pure.

Rates and labels as in "Working together to improve school attendance" (DfE).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lessons.codes import LATE, LATE_AFTER_CLOSING, PRESENT, Code, Kind

ENOUGH = 20  # possible marks: with fewer, a rate means little and labels nobody
PERSISTENT, SEVERE = 10, 50  # per cent of the possible marks
ORDER = tuple(Kind)


@dataclass(frozen=True)
class Figures:
    """The number of marks of each kind. `late` came before the register closed and counts as attended, `after_closing`
    does not. `unstated`, not possible and not collected count in no rate."""

    attended: int = 0
    authorised: int = 0
    unauthorised: int = 0
    late: int = 0
    after_closing: int = 0
    not_possible: int = 0
    unstated: int = 0

    @classmethod
    def of(cls, marks: Iterable[Code | None]) -> "Figures":
        """Returns the figures of marks; None is unmarked."""
        known = Counter(marks)
        kinds: Counter[Kind] = Counter()
        for code, count in known.items():
            if code:
                kinds[code.kind] += count
        said = Counter({code.code: count for code, count in known.items() if code})
        return cls(
            attended=kinds[Kind.PRESENT] + kinds[Kind.APPROVED],
            authorised=kinds[Kind.AUTHORISED],
            unauthorised=kinds[Kind.UNAUTHORISED],
            late=said[LATE],
            after_closing=said[LATE_AFTER_CLOSING],
            not_possible=kinds[Kind.NOT_POSSIBLE] + kinds[Kind.NOT_COLLECTED],
            unstated=known[None],
        )

    @property
    def absent(self) -> int:
        return self.authorised + self.unauthorised

    @property
    def possible(self) -> int:
        return self.attended + self.absent

    @property
    def attendance_rate(self) -> float | None:
        return self._rate(self.attended)

    @property
    def absence_rate(self) -> float | None:
        return self._rate(self.absent)

    @property
    def authorised_rate(self) -> float | None:
        return self._rate(self.authorised)

    @property
    def unauthorised_rate(self) -> float | None:
        return self._rate(self.unauthorised)

    @property
    def is_severe(self) -> bool:
        """Returns whether the student is severely absent."""
        return self._misses(SEVERE)

    @property
    def is_persistent(self) -> bool:
        """Returns whether the student is persistently absent, or severely."""
        return self._misses(PERSISTENT)

    def _misses(self, percent: int) -> bool:
        return self.possible >= ENOUGH and 100 * self.absent >= percent * self.possible

    def _rate(self, part: int) -> float | None:
        """Returns a rate from 0 to 1, or None (not 0) if nothing was possible."""
        return part / self.possible if self.possible else None


def best(marks: Iterable[Code | None]) -> Code | None:
    """Returns the mark that counts if several lessons belong to one session: present, approved activity, authorised,
    unauthorised, not possible, in that order; unmarked only if there is no other."""
    said = [code for code in marks if code]
    return min(said, key=lambda code: (ORDER.index(code.kind), code.code != PRESENT)) if said else None
