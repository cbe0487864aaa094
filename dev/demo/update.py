from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from dev.demo import past, topup
from dev.demo.timetable import MIS
from lessons.errors import Conflict, NotAllowed
from lessons.models import School


@dataclass(frozen=True)
class Done:
    """What a run has added. `taken` counts the registers of lessons that were over."""

    loaded: bool
    lessons: int
    taken: int


def update(now: datetime) -> Done:
    """Loads the demo or brings it up to date. Raises NotAllowed in production, Conflict if there are other schools, and
    StoreUnavailable; another run continues from there."""
    loaded = _load()
    lessons = topup.top_up(now)
    return Done(loaded, len(lessons), past.take({lesson.pk for lesson in lessons}, now))


def _load() -> bool:
    """Loads the schools; returns whether they were missing."""
    if settings.PRODUCTION:
        raise NotAllowed("The demo has accounts with a known password, so it is not for production.")
    if School.objects.filter(source=MIS).exists():
        return False
    if School.objects.exists():
        raise Conflict("This database holds other schools; the demo needs one of its own.")
    call_command("loaddata", Path(settings.BASE_DIR, "fixtures", "demo.json"), verbosity=0)
    return True
