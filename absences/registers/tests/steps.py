"""The steps of completion, late merge and projection, and how to interrupt them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from absences.registers import amendments, late, merging
from absences.store import sheets, transitions


class Crash(BaseException):
    """The process ends here."""


@dataclass(frozen=True, repr=False)
class Step:
    """A function of the product. Before one that runs `inside` a transaction the process may end, but nobody else can
    act. With `after`, the interruption comes when the function has returned."""

    module: ModuleType
    name: str
    inside: bool = False
    after: bool = False

    def __repr__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.module.__name__}.{self.name}"


FENCE = Step(transitions, "fence")
MERGE = Step(merging, "merge")
ROW = Step(merging, "_register_row", inside=True)
CLOSE = Step(transitions, "close")
L1 = Step(sheets, "read")
L2 = Step(late, "merge")
APPEND = Step(amendments, "append", inside=True)
L3 = Step(transitions, "late_merged")
PROJECT = Step(transitions, "project")
PROJECTED = Step(transitions, "project", after=True)
LOOKED = Step(late, "merge_late", after=True)

MERGE_AND_CLOSE = (MERGE, ROW, CLOSE)
LATE = (L1, L2, APPEND, L3)
SHOW = (PROJECT, PROJECTED)
ORDER = (FENCE, *MERGE_AND_CLOSE, *LATE, *SHOW, LOOKED)


@contextmanager
def interrupted(step: Step, what: Callable[[], None]) -> Iterator[None]:
    """Calls `what` once, when the step is reached."""
    really = getattr(step.module, step.name)
    with pytest.MonkeyPatch.context() as patch:

        def instead(*args: Any, **kwargs: Any) -> Any:
            patch.undo()
            if not step.after:
                what()
            result = really(*args, **kwargs)
            if step.after:
                what()
            return result

        patch.setattr(step.module, step.name, instead)
        yield
