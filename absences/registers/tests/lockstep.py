"""Runs the product and the model side by side: both do the same, and are interrupted at the same step."""

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from absences.conftest import NOW
from absences.registers.tests import steps
from absences.registers.tests.model import FOR_OFFICE, Model
from absences.registers.tests.steps import Crash, Step
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import mongo
from absences.store.reports import Report
from absences.store.sheets import Key
from lessons.database.purge import lawful_purge
from lessons.errors import Unprocessable
from lessons.models import Amendment, Lesson, LessonStaff, Mark, Register, RejectedReport, StaffKind, User

T = TypeVar("T")
Effects = Sequence[tuple[Step, Callable[[], None]]]  # what the model does at a step of the product

STUDENT = st.integers(0, 2)  # of four: nobody ever reports the last
CODE = st.sampled_from(["N", "/", "L", "U", FOR_OFFICE])


@dataclass(frozen=True)
class World:
    """Alice's lesson, which Bob may take as cover; Olive works in the office."""

    lesson: Lesson
    roster: list[int]
    users: dict[str, User]
    claims: dict[str, Claims]

    @property
    def key(self) -> Key:
        return Key(self.lesson.school_id, self.lesson.pk)

    def clear(self) -> None:
        with lawful_purge("The next example"):
            for rows in (Amendment, Mark, RejectedReport, Register):
                rows.objects.all().delete()
            LessonStaff.objects.filter(kind=StaffKind.COVER).delete()
        mongo.sheets().delete_many({})


@dataclass(frozen=True)
class Cut:
    """An interruption at a step: the process ends, or somebody else does something."""

    step: Step
    then: str
    student: int
    code: str


def cuts(*steps: Step) -> st.SearchStrategy[Cut | None]:
    def at(step: Step) -> st.SearchStrategy[Cut]:
        others = [] if step.inside else ["report", "report and reconcile", "complete", "amend", "void"]
        return st.builds(Cut, st.just(step), st.sampled_from(["crash", *others]), STUDENT, CODE)

    return st.none() | st.sampled_from(steps).flatmap(at)


class Lockstep(RuleBasedStateMachine):
    def __init__(self, world: World) -> None:
        super().__init__()
        world.clear()
        self.world, self.model, self.now, self.ids = world, Model(world.roster), NOW, 0

    @property
    def lesson(self) -> int:
        return self.world.lesson.pk

    def tell(self, who: str, student: int, code: str, **fields: Any) -> tuple[str, Report]:
        self.ids += 1
        minutes = self.ids if code in ("L", "U") else None
        pk, report_id = self.world.roster[student], UUID(int=self.ids)
        report = Report(student_id=pk, code=code, minutes_late=minutes, report_id=report_id, **fields)
        self.send(who, report)
        return who, report

    def send(self, who: str, report: Report) -> None:
        try:
            stored = service.report_one(self.world.claims[who], self.lesson, report, self.now)
            heard: tuple[str, UUID] = (stored.state, stored.mark["report_id"])
        except Unprocessable:
            heard = ("reused", report.report_id)
        assert heard == self.model.report(report, self.world.users[who].pk, self.now)

    def run(self, product: Callable[[], T], effects: Effects, cut: Cut | None) -> T | None:
        """Runs the product and then the model: up to the cut, if it is reached, then the rest."""
        left = deque(effects)

        def come_in(cut: Cut) -> None:
            while left and steps.ORDER.index(left[0][0]) < steps.ORDER.index(cut.step):
                left.popleft()[1]()
            self.meanwhile(cut)

        with steps.interrupted(cut.step, lambda: come_in(cut)) if cut else nullcontext():
            try:
                result = product()
            except Crash:
                return None
        for _, effect in left:
            effect()
        return result

    @abstractmethod
    def meanwhile(self, cut: Cut) -> None:
        """Does what interrupts the product at a cut."""
