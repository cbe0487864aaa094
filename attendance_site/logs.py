"""Logging: one line per event, with the id of its request. No names, notes or tokens are logged."""

import logging
import re
import threading
import traceback
import uuid
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from copy import copy
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_ACCEPTED = re.compile(r"[A-Za-z0-9_-]{8,64}")


def request_id() -> str:
    """Returns the id of the current request, or `-` outside a request."""
    return _request_id.get()


class RequestId:
    """Gives each request an id, or keeps a valid one from the proxy, and returns it in a header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-ID", "")
        own = sent if _ACCEPTED.fullmatch(sent) else uuid.uuid4().hex
        token = _request_id.set(own)
        try:
            response = self.get_response(request)
        finally:
            _request_id.reset(token)
        response["X-Request-ID"] = own
        return response


def _is_drivers(error: BaseException) -> bool:
    return type(error).__module__.split(".")[0] in ("psycopg", "sqlite3", "pymongo")


def _kind(error: BaseException) -> str:
    """Returns the SQLSTATE and the constraint, as far as the driver knows them."""
    cause = error.__cause__ if isinstance(error, DatabaseError) and error.__cause__ else error
    diagnosis = getattr(cause, "diag", None)
    known = (getattr(cause, "sqlstate", None), getattr(diagnosis, "constraint_name", None))
    return " ".join(part for part in known if part) or "(its text is not logged)"


REFUSED = "django.security."  # the prefix of the loggers to which Django writes refused requests


class Refusals(logging.Filter):
    """Lets one refused request of each kind through per minute, with a count of those since the last. They are the
    sender's fault, and anybody can send thousands."""

    EVERY = 60  # seconds

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._told: dict[str, float] = {}
        self._untold: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.name
        if not kind.startswith(REFUSED):
            return True
        with self._lock:
            if record.created - self._told.get(kind, -self.EVERY) < self.EVERY:
                self._untold[kind] += 1
                return False
            self._told[kind] = record.created
            record.more = self._untold.pop(kind, 0)
        return True


class Formatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def formatException(self, ei: Any) -> str:
        """Formats a traceback, but shows only the kind of a database error: its text repeats values from rows."""
        told = traceback.TracebackException(*ei, compact=True)
        error: BaseException | None = ei[1]
        part: Any = told
        while part is not None and error is not None:
            if isinstance(error, DatabaseError) or _is_drivers(error):
                part._str = _kind(error)
            error, part = error.__cause__ or error.__context__, part.__cause__ or part.__context__
        return "".join(told.format()).rstrip("\n")

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = request_id()
        return super().format(_brief(record) if record.name.startswith(REFUSED) else record)


def _brief(record: logging.LogRecord) -> logging.LogRecord:
    """Returns a refused request as one line. Its traceback helps nobody, and its text repeats what was sent."""
    told = copy(record)
    if record.exc_info:
        told.msg, told.args, told.exc_info, told.exc_text = "Refused a request.", (), None, None
    if more := getattr(record, "more", 0):
        told.msg = f"{told.msg} ({more} more of this kind since the last report)"
    told.levelno, told.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
    return told
