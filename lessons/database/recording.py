"""What SQL says while the record is written, in the words of the domain."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.translation import gettext as _

from lessons.errors import Refused, StoreUnavailable

SQL_AWAY = (OperationalError, InterfaceError)  # it did not answer, or gave up: the same may succeed when sent again


def unavailable() -> StoreUnavailable:
    return StoreUnavailable(_("The register database cannot be reached just now. Please try again."))


@contextmanager
def recording() -> Iterator[None]:
    """Raises StoreUnavailable where SQL does not answer, and Refused where it answers and will not write. Outside the
    transaction, so that a commit that fails is told too."""
    try:
        yield
    except SQL_AWAY as error:
        raise unavailable() from error
    except DatabaseError as error:
        raise Refused(_("The register could not be saved. What was reported is kept.")) from error
