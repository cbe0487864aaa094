"""SQL errors while the record is written, as errors of the domain."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.translation import gettext as _

from lessons.errors import Refused, StoreUnavailable

SQL_AWAY = (OperationalError, InterfaceError)  # SQL did not answer or gave up; repeating the request may succeed


def unavailable() -> StoreUnavailable:
    return StoreUnavailable(_("The register database cannot be reached just now. Please try again."))


@contextmanager
def recording() -> Iterator[None]:
    """Raises StoreUnavailable if SQL does not answer, and Refused if it refuses to write. Use it outside the
    transaction, so that it sees a failed commit."""
    try:
        yield
    except SQL_AWAY as error:
        raise unavailable() from error
    except DatabaseError as error:
        raise Refused(_("The register could not be saved. What was reported is kept.")) from error
