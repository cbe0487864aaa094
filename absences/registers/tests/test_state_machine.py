"""Everything that may happen to one lesson, in any order, with a crash or another person between any two steps,
compared with a model that has no stores and no races (`model.py`). After every rule both agree about every student."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as form
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from absences.conftest import NOW
from absences.registers import amendments, completion, late
from absences.registers.amendments import Change
from absences.registers.completion import Completed, Others
from absences.registers.tests import steps
from absences.registers.tests.lockstep import CODE, STUDENT, Cut, Effects, Lockstep, World, cuts
from absences.registers.tests.model import FOR_OFFICE, PRESENT, Intent, Said
from absences.registers.tests.steps import Crash
from absences.repair.reconcile import reconcile
from absences.reporting import tickets
from absences.store import mongo
from absences.store.reports import Report
from absences.tests.facts import Facts, Rows
from lessons.errors import OtherMark, Unprocessable
from lessons.models import Lesson, User

TEACHER = st.sampled_from(["alice", "bob"])
UNSEEN = st.none() | st.integers(0, 3)
NEVER_SAID = UUID(int=0)


class Taking(Lockstep):
    said = Bundle[tuple[str, Report]]("said")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.taken: Rows = []
        self.amended: Rows = []

    @initialize(
        reported=st.lists(st.tuples(TEACHER, STUDENT, CODE), max_size=3),
        completed=st.booleans(),
        others=st.sampled_from(Others),
        unseen=UNSEEN,
    )
    def begin(self, reported: list[tuple[str, int, str]], completed: bool, others: Others, unseen: int | None) -> None:
        """By chance alone, most lessons would stay open, or be completed without reports."""
        for each in reported:
            self.tell(*each)
        if completed:
            self.complete("alice", others, unseen, None)

    # what people do

    @rule(seconds=st.integers(1, 60))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=said, who=TEACHER, student=STUDENT, code=CODE)
    def report(self, who: str, student: int, code: str) -> tuple[str, Report]:
        """A report before completion, or a late one; with L or U the student arrives."""
        return self.tell(who, student, code)

    @rule(target=said, who=TEACHER, student=STUDENT, code=CODE, seconds=st.integers(1, 90))
    def report_what_was_kept(self, who: str, student: int, code: str, seconds: int) -> tuple[str, Report]:
        """A report that waited on a device without a network."""
        return self.tell(who, student, code, reported_at=self.now - timedelta(seconds=seconds))

    @rule(target=said, who=TEACHER, student=STUDENT)
    def take_back(self, who: str, student: int) -> tuple[str, Report]:
        return self.tell(who, student, "/")

    @rule(
        target=said,
        who=TEACHER,
        student=STUDENT,
        code=CODE,
        device=st.sampled_from(["phone", "tablet"]),
        sequence=st.integers(1, 4),
    )
    def report_in_sequence(self, who: str, student: int, code: str, device: str, sequence: int) -> tuple[str, Report]:
        return self.tell(who, student, code, device=device, sequence=sequence)

    @rule(target=said, who=TEACHER, student=STUDENT, code=CODE, saw=st.sampled_from(["the mark", "another", "none"]))
    def replace(self, who: str, student: int, code: str, saw: str) -> tuple[str, Report]:
        current = self.model.current(self.world.roster[student])
        seen = {"the mark": current.report_id if current else None, "another": NEVER_SAID, "none": None}
        return self.tell(who, student, code, replaces=seen[saw])

    @rule(said=said)
    def repeat(self, said: tuple[str, Report]) -> None:
        self.send(*said)

    @rule(said=said, who=TEACHER, code=CODE)
    def use_its_id_again(self, said: tuple[str, Report], who: str, code: str) -> None:
        self.send(who, Report(student_id=said[1].student_id, code=code, report_id=said[1].report_id))

    @rule(
        who=TEACHER,
        others=st.sampled_from(Others),
        unseen=UNSEEN,
        cut=cuts(steps.FENCE, *steps.MERGE_AND_CLOSE),
    )
    def complete(self, who: str, others: Others, unseen: int | None, cut: Cut | None) -> None:
        seen = [pk for index, pk in enumerate(self.world.roster) if index != unseen]
        user = self.world.users[who]
        intent = Intent(user.pk, self.now, frozenset(seen if others == Others.PRESENT else ()))

        def product() -> Completed:
            return completion.complete(user, self.lesson, now=self.now, roster_seen=seen, others=others)

        effects = [
            (steps.FENCE, lambda: self.model.fence(intent)),
            (steps.ROW, self.model.merge),
            (steps.CLOSE, self.model.close),
        ]
        if done := self.run(product, effects, cut):
            assert self.model.intent is not None
            assert done.already_completed == (self.model.intent is not intent)
            register = done.merged.register
            assert (register.by_id, register.completed_at) == (self.model.intent.by, self.model.intent.at), "I2"

    @precondition(lambda self: self.model.register is not None)
    @rule(
        who=st.sampled_from(["alice", "olive"]),
        student=STUDENT,
        code=CODE,
        expects=st.none() | CODE | st.just("") | st.just("what stands"),
        cut=cuts(steps.APPEND, *steps.SHOW),
    )
    def amend(self, who: str, student: int, code: str, expects: str | None, cut: Cut | None) -> None:
        pk = self.world.roster[student]
        stands = self.model.code(pk)
        expected = stands if expects == "what stands" else expects
        change = Change(student_id=pk, code=code, reason="Heard", expected_code=expected)
        effects = [(steps.APPEND, lambda: self.model.amend(pk, code, self.now))]

        def product() -> None:
            amendments.amend(self.world.users[who], self.lesson, [change], now=self.now)

        if code == FOR_OFFICE and who == "alice":
            with pytest.raises(Unprocessable):
                product()
        elif expected not in (None, stands):
            with pytest.raises(OtherMark):
                product()
        else:
            self.run(product, effects, cut)

    @precondition(lambda self: self.model.register is not None)
    @rule(who=st.sampled_from(["alice", "olive"]), cut=cuts(steps.APPEND, *steps.SHOW))
    def void(self, who: str, cut: Cut | None) -> None:
        def product() -> None:
            amendments.void(self.world.users[who], self.lesson, "By mistake", now=self.now)

        self.run(product, [(steps.APPEND, lambda: self.model.void(self.now))], cut)

    # what finishes it

    @precondition(lambda self: self.model.late)
    @rule(cut=cuts(*steps.LATE, *steps.SHOW))
    def merge_late(self, cut: Cut | None) -> None:
        self.run(lambda: late.merge_late(self.world.key, self.now), self.late_effects(), cut)

    @rule(cut=cuts(*steps.MERGE_AND_CLOSE, *steps.LATE, *steps.SHOW))
    def reconcile(self, cut: Cut | None) -> None:
        effects = [(steps.ROW, self.model.merge), (steps.CLOSE, self.model.close), *self.late_effects()]
        self.run(lambda: reconcile(self.now), effects, cut)
        if cut is None:
            self.nothing_is_left()

    def teardown(self) -> None:
        self.complete("alice", Others.PRESENT, None, None)
        self.reconcile(None)
        assert not reconcile(self.now), "a second run changes nothing"

    def late_effects(self) -> Effects:
        read: list[Said] = []
        return [
            (steps.L1, lambda: read.extend(self.model.waiting())),
            (steps.APPEND, lambda: self.model.merge_late(read)),
            (steps.L3, lambda: self.model.merge_late(self.model.waiting())),
            # A merge looks at the sheet once more; the repair of a projection does not.
            (steps.LOOKED, lambda: self.model.merge_late(self.model.waiting() if read else [])),
        ]

    # what comes in between

    def meanwhile(self, cut: Cut) -> None:
        if cut.then == "crash":
            raise Crash
        if cut.then == "report":
            self.tell("bob", cut.student, cut.code)
        elif cut.then == "complete":
            self.complete("bob", Others.UNSTATED, None, None)
        elif cut.then == "report and reconcile":
            self.tell("bob", cut.student, cut.code)
            self.reconcile(None)
        elif self.model.register is not None and cut.then == "amend":
            self.amend("olive", cut.student, cut.code, None, None)
        elif self.model.register is not None:
            self.void("olive", None)

    # what holds

    @invariant()
    def stores_and_model_agree(self) -> None:
        facts = Facts.read(self.world.key)
        assert facts.logged == self.model.log.keys(), "I1: the log has every accepted report"
        assert len(facts.registers) <= 1, "I2"
        assert self.taken in ([], facts.as_taken), "I3: a register never changes"
        assert self.amended == facts.history[: len(self.amended)], "I3: amendments are only appended"
        assert facts.entries == self.model.register
        assert facts.counts_as_taken in (None, facts.state and facts.state.counts)
        assert {(row.student_id, row.report_id): row.reason for row in facts.rejected} == self.model.rejected
        assert self.present(facts) <= self.said_to_be_present(facts), "I5"
        self.taken, self.amended = facts.as_taken, facts.history

    def present(self, facts: Facts) -> set[int | None]:
        return {student for student, entry in (facts.entries or {}).items() if entry == PRESENT}

    def said_to_be_present(self, facts: Facts) -> set[int | None]:
        reported = {said.student for said in self.model.log.values() if said.code == "/"}
        amended = {amendment.student_id for amendment in facts.amendments if amendment.to_code == "/"}
        return reported | amended | (self.model.intent.present if self.model.intent else set())

    def nothing_is_left(self) -> None:
        """Checks what must hold when the reconciler has run."""
        facts = Facts.read(self.world.key)
        assert (facts.state is None) == (self.model.state == "open")
        if facts.state:
            marks = [(mark.student_id, mark.code, mark.minutes_late) for mark in facts.state.marks.values()]
            assert facts.shown == ("closed", facts.state.counts, marks), "I4"
            superseding = (*self.model.marks.values(), *self.model.late.values())
            lost = {(said.student, said.report_id) for said in superseding if not self.is_present(said)} - facts.kept
            assert not lost, "I1"

    def is_present(self, said: Said) -> bool:
        """Returns whether the report was taken back before completion: then it needs no row."""
        return said.code == "/" and said.state == "provisional"


@pytest.fixture
def world(lesson: Lesson, roster: list[int], teacher: User, colleague: User, office: User, settings: Settings) -> World:
    settings.MONGODB_TIMEOUT = mongo.PATIENT  # otherwise the reconciler pings MongoDB before each step
    claims = {
        "alice": tickets.claims_for(teacher, lesson, roster, NOW),
        "bob": tickets.claims_for(colleague, lesson, roster, NOW),
    }
    return World(lesson, roster, {"alice": teacher, "bob": colleague, "olive": office}, claims)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("examples", "rules"), [(8, 20), pytest.param(2000, 50, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_any_order(examples: int, rules: int, world: World) -> None:
    class OfWorld(Taking):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(
        OfWorld,
        settings=form(
            max_examples=examples,
            stateful_step_count=rules,
            derandomize=examples < 100,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
