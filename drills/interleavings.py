"""Rare interleavings, each played once; and a report, or a death, at every step of a completion."""

import os
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.utils import timezone

from absences.registers import completion, late, merging
from absences.reporting import service
from absences.store import mongo, transitions
from absences.store.reports import Report
from drills.actors import first_entry, insisting, settle
from drills.forking import fork
from drills.fuse import FUSE
from drills.journal import Entry
from drills.stores import ReplicaSet
from drills.verdict import Case, Verdict
from drills.world import Race, World
from lessons.errors import StoreUnavailable
from lessons.models import Register, User
from lessons.registers.state import state_of


class Scene:
    """One lesson, and the answers that its users got."""

    def __init__(self, race: Race) -> None:
        self.race = race
        self.alice, self.bob = race.world.teachers
        self.told: list[Entry] = []

    def report(self, user: User, student: int, code: str = "N", **fields: Any) -> None:
        report = Report(student_id=student, code=code, **fields)
        [stored] = service.report(self.race.claims(user), self.race.lesson_id, [report], timezone.now())
        said = {"student": student, "code": code, "report_id": str(report.report_id), "state": stored.state}
        self.told.append({"what": "acknowledged", **said})

    def complete(self) -> None:
        user = User.objects.get(pk=self.alice.pk)
        completion.complete(user, self.race.lesson_id, now=timezone.now(), roster_seen=self.race.world.roster)
        register = Register.objects.get(pk=self.race.lesson_id)
        self.told.append({"what": "completed", **first_entry(register)})

    def stands(self) -> str | None:
        """Returns the last student's code in the register."""
        register = Register.objects.get(pk=self.race.lesson_id)
        return state_of(register, nation=self.race.world.school.nation).code_of(self.race.world.roster[-1])

    def judge(self) -> tuple[Verdict, list[str]]:
        settle([self.race])
        case = Case(self.race, self.told)
        return case.judge(), case.findings


DEATH = "a death "

# Its name, and the scene to judge.
Play = tuple[str, Scene]


def before(module: Any, name: str, act: Callable[[], None]) -> Any:
    """Calls `act` once, just before the product calls a function of its own."""
    really, waiting = getattr(module, name), [act]

    def first(*args: Any, **kwargs: Any) -> Any:
        if waiting:
            waiting.pop()()
        return really(*args, **kwargs)

    return patch.object(module, name, first)


def between_fence_and_merge(scene: Scene) -> None:
    """A colleague marks the last student while the lesson is being completed."""
    student = scene.race.world.roster[-1]
    with before(merging, "merge", lambda: scene.report(scene.bob, student)):
        scene.complete()


def after_the_register(scene: Scene) -> None:
    """A report reaches a sheet that is already closed."""
    scene.complete()
    scene.report(scene.bob, scene.race.world.roster[0])


def during_a_late_merge(scene: Scene) -> None:
    """Another late report arrives after the first was merged and before the merge is marked as done."""
    first, second, *_ = scene.race.world.roster
    scene.complete()
    scene.report(scene.bob, first)
    with before(transitions, "late_merged", lambda: scene.report(scene.bob, second)):
        late.merge_late(scene.race.key, timezone.now())


def an_older_report_of_a_device(scene: Scene) -> None:
    """A report was delayed for longer than the device's next one."""
    student = scene.race.world.roster[0]
    scene.report(scene.bob, student, "/", device="phone", sequence=2)
    scene.report(scene.bob, student, "N", device="phone", sequence=1)
    scene.complete()


def a_primary_that_nobody_followed(nodes: ReplicaSet, scene: Scene) -> None:
    """A report reaches a primary that has just lost its followers; then it dies, and they go on without it."""
    primary = nodes.lead()
    others = [member for index, member in enumerate(nodes.members) if index != primary]
    insisting(mongo.ping)
    for member in others:  # killed and not hung: otherwise requests on their way would still reach them
        member.kill()
    try:
        scene.report(scene.bob, scene.race.world.roster[0], report_id=uuid.uuid4())
    except StoreUnavailable:
        pass  # not acknowledged, so nothing may be expected
    finally:
        nodes.members[primary].kill()
        for member in others:
            member.start()
        nodes.lead()
        nodes.members[primary].start()
    insisting(mongo.ping)
    insisting(scene.complete)


def reports(world: World) -> Iterator[Play]:
    """Yields one report at every step of a completion: it must never be in neither place."""
    step, reached = 0, True
    while reached:
        [race] = world.lessons(1)
        scene, names = Scene(race), list[str]()

        def report(name: str, scene: Scene = scene, names: list[str] = names) -> None:
            names.append(name)
            scene.report(scene.bob, scene.race.world.roster[-1])

        FUSE.light(step, report)
        completion.complete(
            User.objects.get(pk=scene.alice.pk), race.lesson_id, now=timezone.now(), roster_seen=world.roster
        )
        FUSE.light(None, report)
        step, reached = step + 1, bool(names)
        if names:
            yield f"a report at step {step}, {names[0]}", scene


def deaths(world: World, folder: Path) -> Iterator[Play]:
    """Yields one death at every step of a completion, and of the late merge and the projection that follow it."""
    step, killed = 0, True
    while killed:
        [race] = world.lessons(1)
        scene, ashes = Scene(race), folder / f"ashes-{race.lesson_id}"
        scene.report(scene.bob, world.roster[0])
        killed = _dies(scene, step, ashes)
        step += 1
        if killed:
            yield DEATH + ashes.read_text().strip(), scene


def _dies(scene: Scene, step: int, ashes: Path) -> bool:
    """Returns whether a process that does everything reaches this step."""

    def everything() -> None:
        scene.complete()
        scene.report(scene.bob, scene.race.world.roster[1])
        late.merge_late(scene.race.key, timezone.now())

    return os.WIFSIGNALED(os.waitpid(fork(everything, step, ashes), 0)[1])


# The interleaving that reveals each missing mechanism (`breaking.py`).
WITNESSES: dict[str, Callable[[Scene], None]] = {
    "fence": between_fence_and_merge,
    "state-filter": after_the_register,
    "late-cas": during_a_late_merge,
    "seen": an_older_report_of_a_device,
}


def witness(mechanism: str, world: World, nodes: ReplicaSet) -> Iterator[Play]:
    act = WITNESSES.get(mechanism) or partial(a_primary_that_nobody_followed, nodes)
    [race] = world.lessons(1)
    act(scene := Scene(race))
    yield mechanism, scene


def chosen(world: World, nodes: ReplicaSet) -> Iterator[Play]:
    """Yields all of them; one needs three servers, so that one can fall behind."""
    for mechanism in WITNESSES:
        yield from witness(mechanism, world, nodes)
    if len(nodes.members) > 1:
        yield from witness("w1", world, nodes)
