"""No test lets a name, a note or a token into the log."""

import json
import logging
import re
from functools import cache

from django.conf import settings

from attendance_site import logs

PEOPLE = ("lessons.student", "lessons.user")
SAID = ("overslept", "hospital", "Mother rang", "Seen in the library", "correct horse battery")


class Leaks(logging.Handler):
    """Listens to everything that is logged, as production would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.setFormatter(logs.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.found += personal().findall(self.format(record))


@cache
def personal() -> re.Pattern[str]:
    """Finds the names of the demo and of the factories, what tests say of somebody, and tokens."""
    from lessons.factories import FAMILY  # which takes a while to load, and most tests log nothing

    demo = json.loads((settings.BASE_DIR / "fixtures" / "demo.json").read_text())
    names = {row["fields"].get("legal_name") or row["fields"].get("name") for row in demo if row["model"] in PEOPLE}
    said = "|".join(re.escape(each) for each in [*sorted(names - {None}), FAMILY, *SAID])
    return re.compile(rf"{said}|eyJ[A-Za-z0-9_-]{{10}}")
