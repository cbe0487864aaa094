"""What must hold after every race, read from both stores without the product's own bookkeeping."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast
from uuid import UUID

from absences.store import sheets
from absences.store.documents import Sheet
from drills.actors import first_entry
from drills.journal import Entry
from drills.world import Race
from lessons import codes
from lessons.models import Amendment, FeedCounter, Register, RejectedReport, School
from lessons.registers.state import state_of


@dataclass
class Verdict:
    """How often each forbidden outcome occurred."""

    acknowledged: int = 0
    lost: int = 0
    duplicates: int = 0
    disagreements: int = 0
    stuck: int = 0

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.duplicates or self.disagreements or self.stuck)


class Case:
    """A finished race: its sheet, its rows, and the answers that the racers got."""

    def __init__(self, race: Race, told: Sequence[Entry]) -> None:
        self.race, self.told = race, told
        # Where there is none, every check finds something missing.
        self.sheet = cast(Sheet, sheets.read(race.key) or {})
        self.register = Register.objects.filter(pk=race.lesson_id).first()
        self.marks = list(self.register.marks.all()) if self.register else []
        self.amendments = list(Amendment.objects.filter(register=race.lesson_id))
        self.rejected = list(RejectedReport.objects.filter(lesson=race.lesson_id))
        self.log = self.sheet.get("log", [])
        self.findings: list[str] = []

    def judge(self) -> Verdict:
        acknowledged = [entry for entry in self.told if entry["what"] == "acknowledged"]
        verdict = Verdict(acknowledged=sum(entry["state"] in ("provisional", "late") for entry in acknowledged))
        for name, found in (
            ("stuck", self._stuck()),
            ("lost", [*self._lost(acknowledged), *self._lost_amendments()]),
            ("duplicates", self._duplicates()),
            ("disagreements", self._disagreements() if self.register and self.sheet else []),
        ):
            each = list(found)
            setattr(verdict, name, len(each))
            self.findings += [f"{name}: lesson {self.race.lesson_id}: {finding}" for finding in each]
        return verdict

    def _stuck(self) -> Iterator[str]:
        if self.sheet.get("state") != "closed":
            yield f"the sheet is {self.sheet.get('state')}"
        if self.sheet.get("late_pending"):
            yield "late reports are pending"
        if self.register is None:
            yield "there is no register"
        elif self.register.projected_rev != self.register.rev:
            yield "the sheet does not show the register"

    def _lost(self, acknowledged: Sequence[Entry]) -> Iterator[str]:
        """I1. Every stored report is in the log, and the last report on each student, early or late, is in SQL."""
        logged = {str(mark["report_id"]) for mark in self.log}
        kept = {str(report_id) for report_id in self._kept()}
        last = {(mark["state"], mark["student"]): mark for mark in self.log}
        final = {str(mark["report_id"]) for mark in last.values()}
        for entry in acknowledged:
            if entry["state"] not in ("provisional", "late"):
                continue
            report_id = entry["report_id"]
            if report_id not in logged:
                yield f"{report_id} is not in the log"
            elif report_id in final and report_id not in kept and not self._is_stated_present(entry):
                yield f"{report_id} ({entry['state']}, {entry['code']}) is not in SQL"

    def _kept(self) -> list[UUID]:
        """Returns the reports that are in SQL."""
        early = [row.report_id for row in self.marks] + [row.report_id for row in self.rejected]
        return early + [row.report_id for row in self.amendments if row.report_id]

    def _is_stated_present(self, entry: Entry) -> bool:
        if entry["state"] != "provisional" or entry["code"] != codes.PRESENT or self.register is None:
            return False
        student = entry["student"]
        return student not in self.register.unstated and student not in {mark.student_id for mark in self.marks}

    def _lost_amendments(self) -> Iterator[str]:
        reasons = {amendment.reason for amendment in self.amendments}
        for entry in self.told:
            if entry["what"] == "amended" and entry["reason"] not in reasons:
                yield f"the amendment {entry['reason']} is not in SQL"

    def _duplicates(self) -> Iterator[str]:
        """I2, and every report and amendment at most once."""
        stored = self._kept()
        said = [row.reason for row in self.amendments if row.report_id is None]
        logged = [mark["report_id"] for mark in self.log]
        for name, values in (("in SQL", stored), ("amended", said), ("logged", logged)):
            yield from (f"{value} {name} {n} times" for value, n in Counter(values).items() if n > 1)
        completions = {entry["completion_id"] for entry in self.told if entry["what"] == "completed"}
        if len(completions) > 1:
            yield f"{len(completions)} different registers were answered"

    def _disagreements(self) -> Iterator[str]:
        yield from self._order_of_devices()
        yield from self._first_entry()
        yield from self._chain()
        yield from self._projection()
        yield from self._nobody_unstated_is_present()

    def _order_of_devices(self) -> Iterator[str]:
        """No older report of a device comes after a newer one."""
        newest: dict[Any, int] = {}
        for mark in self.log:
            if mark["device"] is not None and mark["sequence"] is not None:
                key = (mark["student"], mark["by"], mark["device"])
                if mark["sequence"] <= newest.get(key, -1):
                    yield f"sequence {mark['sequence']} of {key} came after {newest[key]}"
                newest[key] = max(mark["sequence"], newest.get(key, -1))

    def _first_entry(self) -> Iterator[str]:
        """I3. Everybody who was shown a register was shown this one, and it is what the fenced sheet held."""
        assert self.register is not None
        now = first_entry(self.register)
        for entry in self.told:
            if entry["what"] == "completed" and {name: entry[name] for name in now} != now:
                yield "the register was a different one before"
        if (self.register.completion_id, self.register.merged_rev) != (self.sheet["intent"]["id"], self.sheet["rev"]):
            yield "the register was made from another state of the sheet"

    def _chain(self) -> Iterator[str]:
        """Every amendment starts from the value before it."""
        assert self.register is not None
        nation, before = self.race.world.school.nation, list[Amendment]()
        for amendment in self.amendments:
            if amendment.student_id is not None:
                stood = state_of(self.register, nation=nation, marks=self.marks, amendments=before)
                if amendment.from_code != stood.code_of(amendment.student_id):
                    yield f"amendment {amendment.pk} does not start from the value before it"
            before.append(amendment)

    def _projection(self) -> Iterator[str]:
        """I4. The sheet shows the register's latest state."""
        assert self.register is not None
        nation = self.race.world.school.nation
        stood = state_of(self.register, nation=nation, marks=self.marks, amendments=self.amendments)
        shown = {(mark["student"], mark["code"], mark["minutes_late"]) for mark in self.sheet.get("marks", ())}
        if shown != {(entry.student_id, entry.code, entry.minutes_late) for entry in stood.marks.values()}:
            yield "the sheet shows other marks"
        if (self.sheet.get("counts"), self.sheet.get("unstated")) != (stood.counts, sorted(stood.unstated)):
            yield "the sheet shows other counts"

    def _nobody_unstated_is_present(self) -> Iterator[str]:
        """I5. No unmarked student counts as present, and no other is left out."""
        assert self.register is not None
        intent = self.sheet["intent"]
        rejected = {row.student_id for row in self.rejected if row.report_id in self._early_ids()}
        stated = {mark["student"] for mark in self.sheet.get("absences", {}).values()} - rejected
        if intent["others"] == "present":
            stated |= set(intent["roster_seen"]) - rejected
        if set(self.register.roster) - stated != set(self.register.unstated):
            yield "somebody unstated counts as present, or the other way round"

    def _early_ids(self) -> set[Any]:
        return {mark["report_id"] for mark in self.sheet.get("absences", {}).values()}


def feed(school: School) -> list[str]:
    """Checks that the change feed has every number once, up to the last."""
    numbers = [
        number
        for model in (Register, Amendment, RejectedReport)
        for number in model.objects.filter(school=school).values_list("feed_number", flat=True)
    ]
    last = FeedCounter.objects.get(school=school).last_number
    return (
        [] if sorted(numbers) == list(range(1, last + 1)) else [f"the feed of {last} has {len(set(numbers))} numbers"]
    )
