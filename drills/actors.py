"""The actors who race for a lesson, each in a process of its own that may be killed at any step.

A restarted actor does what a restarted device does: it repeats unacknowledged reports with the same report_id.
"""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.registers.completion import Others
from absences.repair.reconcile import reconcile
from absences.reporting import service
from absences.store.reports import UNSET, Report, Stored
from drills.journal import Entry, Journal
from drills.world import Race
from lessons import codes
from lessons.errors import NotFound, OtherMark, StoreUnavailable
from lessons.models import Register, User

REPORTS = 18
PASSES = 20
PATIENCE = 30.0  # seconds, longer than any election
UNREACHABLE = (StoreUnavailable, OperationalError, InterfaceError)
STRANGER = 2**40  # a student in no school

T = TypeVar("T")


def insisting(work: Callable[[], T]) -> T:
    """Repeats the work while a store is unavailable, as a device does."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except UNREACHABLE:
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.05)


class Reporter:
    """A user's device in one lesson. `device` is None for a client that sends no sequence."""

    def __init__(self, race: Race, user: User, device: str | None, journal: Journal, chance: random.Random) -> None:
        self.race, self.device, self.journal, self.chance = race, device, journal, chance
        self.claims = race.claims(user)
        self.sequence = 0
        self.seen: dict[int, uuid.UUID | None] = {}
        self.held: Report | None = None

    def run(self) -> None:
        for report in self._left_over():
            self._send(report)
        for _ in range(REPORTS):
            self._send(self._report())
            if self.chance.random() < 0.2:
                time.sleep(self.chance.random() * 0.02)

    def _left_over(self) -> list[Report]:
        """Returns reports sent by a process that was killed before it knew their outcome."""
        mine = self.journal.read()
        known = {entry["report_id"] for entry in mine if entry["what"] == "acknowledged"}
        self.sequence = max((entry["sequence"] or 0 for entry in mine), default=0)
        return [_from(entry) for entry in mine if entry["what"] == "sent" and entry["report_id"] not in known]

    def _report(self) -> Report:
        chance = self.chance.random()
        if self.held and chance < 0.3:  # a report that was delayed for longer than the next one
            report, self.held = self.held, None
            return report
        report = self._new()
        if self.device and chance > 0.85 and not self.held:
            self.held, report = report, self._new()
        return report

    def _new(self) -> Report:
        self.sequence += 1
        student = self.chance.choice(self.race.world.roster)
        if self.claims.roster is None and self.chance.random() < 0.05:
            student = STRANGER
        code = self.chance.choice([codes.ABSENT, codes.ABSENT, codes.LATE, codes.PRESENT])
        replaces = self.seen.get(student) if self.chance.random() < 0.3 else UNSET
        return Report(
            student_id=student,
            code=code,
            minutes_late=self.chance.randrange(60) if code == codes.LATE else None,
            device=self.device,
            sequence=self.sequence if self.device else None,
            replaces=replaces,
        )

    def _send(self, report: Report) -> None:
        said = {
            "student": report.student_id,
            "code": report.code,
            "minutes_late": report.minutes_late,
            "report_id": str(report.report_id),
            "device": report.device,
            "sequence": report.sequence,
            "by": self.claims.by.user_id,
        }
        self.journal.write(what="sent", **said)
        stored = self._told(report)
        if self.chance.random() < 0.1:  # the answer was lost on the way
            stored = self._told(report)
        self.journal.write(what="acknowledged", state=stored.state, **said)
        self.seen[report.student_id] = stored.mark["report_id"]

    def _told(self, report: Report) -> Stored:
        def once() -> Stored:
            [stored] = service.report(self.claims, self.race.lesson_id, [report], timezone.now())
            return stored

        return insisting(once)


def _from(entry: Entry) -> Report:
    return Report(
        student_id=entry["student"],
        code=entry["code"],
        minutes_late=entry["minutes_late"],
        report_id=uuid.UUID(entry["report_id"]),
        device=entry["device"],
        sequence=entry["sequence"],
    )


def complete(race: Race, user: User, journal: Journal, chance: random.Random) -> None:
    """Waits a little and completes; repeats the request once it has the register."""
    time.sleep(chance.random() * 0.15)
    seen = list(race.world.roster)
    if chance.random() < 0.3:
        seen.remove(chance.choice(seen))
    others = Others.UNSTATED if chance.random() < 0.15 else Others.PRESENT
    for _ in range(2):
        register = insisting(lambda: _completed(race, user, seen, others))
        journal.write(what="completed", **register)


def first_entry(register: Register) -> Entry:
    """Returns the part of a register that never changes."""
    marks = sorted((mark.student_id, mark.code, str(mark.report_id)) for mark in register.marks.all())
    return {
        "completion_id": str(register.completion_id),
        "completed_at": register.completed_at.isoformat(),
        "by": register.by_id,
        "unstated": register.unstated,
        "counts": register.counts,
        "marks": [list(mark) for mark in marks],
    }


def _completed(race: Race, user: User, seen: list[int], others: Others) -> Entry:
    now = timezone.now()
    fresh = User.objects.get(pk=user.pk)
    completion.complete(fresh, race.lesson_id, now=now, roster_seen=seen, others=others)
    return first_entry(Register.objects.get(pk=race.lesson_id))


def amend(race: Race, user: User, journal: Journal, chance: random.Random) -> None:
    """Corrects and sometimes voids a register, once there is one. The reason identifies each attempt."""
    fresh = insisting(lambda: User.objects.get(pk=user.pk))
    deadline = time.monotonic() + 0.6
    made = 0
    while made < 3 and time.monotonic() < deadline:
        reason = str(uuid.uuid4())
        try:
            _amended(race, fresh, reason, chance)
        except (NotFound, OtherMark, *UNREACHABLE):
            connection.close()
            time.sleep(0.02)
            continue
        journal.write(what="amended", reason=reason)
        made += 1


def _amended(race: Race, user: User, reason: str, chance: random.Random) -> None:
    now: datetime = timezone.now()
    if chance.random() < 0.1:
        amendments.void(user, race.lesson_id, reason, now=now)
        return
    change = Change(student_id=chance.choice(race.world.roster), code=chance.choice("NI/"), reason=reason)
    if chance.random() < 0.5:
        change = replace(change, expected_code="N")
    amendments.amend(user, race.lesson_id, [change], now=now)


def sweep(chance: random.Random) -> None:
    """Runs the reconciler alongside the other actors."""
    for _ in range(3):
        time.sleep(chance.random() * 0.1)
        insisting(lambda: reconcile(timezone.now()))


def settle(races: Sequence[Race]) -> None:
    """Finishes the rest by repeating requests and by the reconciler; anything still unfinished is stuck."""
    for race in races:
        insisting(partial(_completed, race, race.world.teachers[0], list(race.world.roster), Others.PRESENT))
    for _ in range(PASSES):
        if not insisting(lambda: reconcile(timezone.now())):
            break
