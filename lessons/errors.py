"""The errors of the domain.

AttendanceError
├── NotFound               not found, or not visible to this user: 404
├── NotAllowed             the user sees it but may not do this: 403
├── BadToken               the token is missing, broken, expired or of another type: 401
├── TooMany                too many requests, with the seconds until the next: 429
│   └── UnknownBrowser     a browser that the school's staff use may sign in now: 429
├── Malformed              the body is not valid JSON: 400
│   └── TooLarge           the body is too large: 413
├── InvalidInput           well-formed, but fields are wrong, each with its pointer: 400
│   └── Unprocessable      valid, but not for this lesson: 422
├── Conflict               the current state does not allow it: 409
│   ├── NoCodeSet          no attendance codes are known for that day (`codes/`): 409
│   └── OtherMark          there is somebody else's mark: 409 with that mark
└── StoreUnavailable       a store did not answer in time, and the outcome may be unknown: 503
    └── Refused            SQL answers, but will not write this: 503, and the log says why

They are turned into responses in one place (`attendance_site/problems.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: `pointer` as in RFC 6901 (`/absences/3/code`), a stable `code`, and a sentence."""

    pointer: str
    code: str
    detail: str


def escaped(name: str) -> str:
    """Returns a key as part of a JSON pointer, cut to a reasonable length."""
    return name[:60].replace("~", "~0").replace("/", "~1")


class AttendanceError(Exception):
    """An error of the domain. `detail` is a sentence for a person; it never repeats the input."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(AttendanceError):
    pass


class NotAllowed(AttendanceError):
    pass


class BadToken(AttendanceError):
    pass


class TooMany(AttendanceError):
    def __init__(self, detail: str, seconds: float) -> None:
        super().__init__(detail)
        self.retry_after = max(1, ceil(seconds))


class UnknownBrowser(TooMany):
    pass


class Malformed(AttendanceError):
    pass


class TooLarge(Malformed):
    pass


class InvalidInput(AttendanceError):
    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors[0].detail if len(errors) == 1 else f"{len(errors)} fields are not valid.")
        self.errors = tuple(errors)

    def without(self, prefix: str) -> "InvalidInput":
        """Returns the error with pointers relative to `prefix`, for a body with one item instead of a list."""
        return type(self)([replace(error, pointer=error.pointer.removeprefix(prefix)) for error in self.errors])


class Unprocessable(InvalidInput):
    pass


class Conflict(AttendanceError):
    pass


class OtherMark(Conflict):
    def __init__(self, detail: str, mark: Mapping[str, Any]) -> None:
        super().__init__(detail)
        self.mark = mark


class StoreUnavailable(AttendanceError):
    """A store did not answer. Repeating the request is safe: whatever it did the first time is done only once."""

    retry_after = 1  # seconds


class Refused(StoreUnavailable):
    pass
