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
    """What a run has added; `taken` are the registers of lessons that were over."""

    loaded: bool
    lessons: int
    taken: int


def update(now: datetime) -> Done:
    """Raises NotAllowed in production, Conflict where other schools are, and StoreUnavailable: running again goes on
    from there."""
    loaded = _load()
    lessons = topup.top_up(now)
    return Done(loaded, len(lessons), past.take({lesson.pk for lesson in lessons}, now))


def _load() -> bool:
    """Whether the schools were not there yet, and are now."""
    if settings.PRODUCTION:
        raise NotAllowed("The demo has accounts with a known password, so it is not for production.")
    if School.objects.filter(source=MIS).exists():
        return False
    if School.objects.exists():
        raise Conflict("This database holds other schools; the demo needs one of its own.")
    call_command("loaddata", Path(settings.BASE_DIR, "fixtures", "demo.json"), verbosity=0)
    return True
