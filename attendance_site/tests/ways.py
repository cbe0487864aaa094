"""Which of our files a piece of work runs through."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(f"{ROOT / app}/" for app in ("lessons", "absences", "stats", "attendance_site"))
DRIVER = str(ROOT / "attendance_site/sql.py")  # the connection on PostgreSQL: part of the driver, behind each query


@dataclass
class Way:
    """`steps` are the files in the order in which the work entered them, with one entry for each switch."""

    steps: list[str] = field(default_factory=list)

    @property
    def files(self) -> list[str]:
        """Each once, in the order in which they were entered first."""
        return list(dict.fromkeys(self.steps))

    @property
    def switches(self) -> int:
        return max(0, len(self.steps) - 1)


@contextmanager
def walked() -> Iterator[Way]:
    """Notes each function of ours that is called inside, in this thread; what is imported meanwhile does not count."""
    way = Way()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        name = frame.f_code.co_filename
        if event != "call" or frame.f_code.co_name == "<module>" or not name.startswith(OURS) or name == DRIVER:
            return
        file = str(Path(name).relative_to(ROOT))
        if "/tests/" in file:
            return
        if way.steps[-1:] != [file]:
            way.steps.append(file)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield way
    finally:
        sys.setprofile(before)
