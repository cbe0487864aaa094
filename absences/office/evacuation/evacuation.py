"""The evacuation list: for every student on roll today, the last report in a register or at the front desk.

Needs only SQL, and a fixed number of queries for any school.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from lessons import codes
from lessons.calendar import school_time
from lessons.codes import Kind
from lessons.models import Amendment, DeskEntry, Enrolment, Group, Lesson, Mark, PlannedAbsence, School, Student
from lessons.registers.state import Entry, RegisterState, state_of


class Whereabouts(models.TextChoices):
    """Where a pupil is. Reasons for absence are left out, because everybody in the school reads the list."""

    IN = "in", _("In school")
    OUT = "out", _("Signed out")
    ABSENT = "absent", _("Absent")
    AWAY = "away", _("Away")
    UNKNOWN = "unknown", _("Not known")


@dataclass(frozen=True, slots=True)
class Word:
    """One report on a student: in the register of `lesson`, or at the front desk."""

    at: datetime
    whereabouts: Whereabouts
    lesson: Lesson | None = None


@dataclass(frozen=True, slots=True)
class Pupil:
    """A pupil. `last` is the last report, and `seen` the last one with the pupil in school, if that is a different one.
    `planned`: there is no report, but an absence is planned for now."""

    student: Student
    group: Group | None
    last: Word | None
    seen: Word | None
    planned: bool

    @property
    def whereabouts(self) -> Whereabouts:
        return self.last.whereabouts if self.last else Whereabouts.UNKNOWN


@dataclass(frozen=True)
class AssemblyGroup:
    """Pupils who line up together at the assembly point: a year group, or a group (None: pupils without one)."""

    title: int | Group | None
    pupils: Sequence[Pupil]

    @property
    def groups(self) -> Iterator[AssemblyGroup]:
        """Yields a year group's groups, by name."""
        for group, pupils in groupby(self.pupils, key=lambda pupil: pupil.group):
            yield AssemblyGroup(group, list(pupils))

    @property
    def counts(self) -> list[tuple[Whereabouts, int]]:
        found = Counter(pupil.whereabouts for pupil in self.pupils)
        return [(each, found[each]) for each in Whereabouts]


@dataclass(frozen=True)
class House:
    """A school's pupils. `untaken` are lessons in progress without a register."""

    everybody: AssemblyGroup
    years: Sequence[AssemblyGroup]
    untaken: Sequence[Lesson]


def of_school(school: School, now: datetime) -> House:
    """Returns the whole school as it is known now, by year group and group."""
    day = school_time.local_date(school.time_zone, now)
    lessons = _lessons(school, day)
    said = _said(school, day, lessons)
    groups = _groups(school, day, lessons)
    planned = _planned(school, now)
    on_roll = Student.objects.filter(school=school).on_roll(day).in_order()
    pupils = [_pupil(each, groups.get(each.pk), said[each.pk], each.pk in planned) for each in on_roll]
    pupils.sort(key=lambda pupil: (pupil.student.year_group, *_order(pupil.group)))
    years = groupby(pupils, key=lambda pupil: pupil.student.year_group)
    untaken = [each for each in lessons if each.starts_at <= now < each.ends_at and not each.is_completed]
    return House(AssemblyGroup(None, pupils), [AssemblyGroup(year, list(of_year)) for year, of_year in years], untaken)


def _pupil(student: Student, group: Group | None, said: list[Word], planned: bool) -> Pupil:
    last = said[-1] if said else None
    inside = [word for word in said if word.whereabouts is Whereabouts.IN]
    seen = inside[-1] if inside and inside[-1] is not last else None
    return Pupil(student, group, last, seen, planned and last is None)


def _order(group: Group | None) -> tuple[bool, str, int]:
    """Returns the sort key of a group; pupils without one come last."""
    return (group is None, group.name if group else "", group.pk if group else 0)


def _lessons(school: School, day: date) -> list[Lesson]:
    """Returns the day's lessons in order."""
    found = list(Lesson.objects.filter(school=school, date=day).scheduled().select_related("group", "register"))
    for lesson in found:
        lesson.school = school
    return found


def _said(school: School, day: date, lessons: Iterable[Lesson]) -> dict[int, list[Word]]:
    """Returns each student's reports, oldest first."""
    said: dict[int, list[Word]] = defaultdict(list)
    for lesson, found in _registers(school, lessons):
        known = codes.code_set(school.nation, day)
        for student in found.roster:
            code = found.code_of(student)
            if code is not None:
                said[student].append(Word(_at(lesson, found.marks.get(student)), _whereabouts(known.get(code)), lesson))
    for entry in DeskEntry.objects.filter(school=school, date=day):
        said[entry.student_id].append(Word(entry.at, Whereabouts(entry.direction)))
    for words in said.values():
        words.sort(key=lambda word: word.at)
    return said


def _registers(school: School, lessons: Iterable[Lesson]) -> Iterator[tuple[Lesson, RegisterState]]:
    """Yields lessons that have a register, with its current state."""
    taken = [lesson for lesson in lessons if lesson.is_completed]
    ids = [lesson.pk for lesson in taken]
    marks: dict[int, list[Mark]] = defaultdict(list)
    amendments: dict[int, list[Amendment]] = defaultdict(list)
    for mark in Mark.objects.filter(register__in=ids):
        marks[mark.register_id].append(mark)
    for amendment in Amendment.objects.filter(register__in=ids):
        amendments[amendment.register_id].append(amendment)
    for lesson in taken:
        own, later = marks[lesson.pk], amendments[lesson.pk]
        yield lesson, state_of(lesson.register, nation=school.nation, marks=own, amendments=later)


def _at(lesson: Lesson, mark: Entry | None) -> datetime:
    """Returns the time that a mark is about. For an arrival this is when the server received it: a slow device clock
    must not put it before a sign-out, or nobody would look for the pupil who came back. A register taken or corrected
    in the evening still describes the lesson, not the evening."""
    came = mark is not None and mark.amended and mark.code in codes.ARRIVAL_CODES
    return min(mark.arrived_at if mark and came else lesson.register.taken_at, lesson.ends_at)


def _whereabouts(code: codes.Code) -> Whereabouts:
    if code.kind is Kind.PRESENT or code.code in codes.ARRIVAL_CODES:
        return Whereabouts.IN
    return Whereabouts.ABSENT if code.kind in (Kind.AUTHORISED, Kind.UNAUTHORISED) else Whereabouts.AWAY


def _groups(school: School, day: date, lessons: Sequence[Lesson]) -> dict[int, Group]:
    """Returns each student's group for the list: that of the day's first session, otherwise of the first lesson,
    otherwise the first by name."""
    turns: dict[int, tuple[bool, int]] = {}
    for turn, lesson in enumerate(lessons):
        this = (not lesson.session, turn)
        turns[lesson.group_id] = min(this, turns.get(lesson.group_id, this))
    last = (True, len(lessons))
    known = Group.objects.filter(school=school).in_bulk()
    order = {pk: (turns.get(pk, last), *_order(group)) for pk, group in known.items()}
    found: dict[int, Group] = {}
    enrolled = Enrolment.objects.filter(school=school).on(day).values_list("group", "student")
    for group, student in sorted(enrolled, key=lambda pair: order[pair[0]]):
        found.setdefault(student, known[group])
    return found


def _planned(school: School, now: datetime) -> set[int]:
    """Returns the students with an absence planned for this time."""
    local = now.astimezone(ZoneInfo(school.time_zone))
    plans = PlannedAbsence.objects.filter(school=school).on(local.date())
    return {plan.student_id for plan in plans if plan.covers_at(local.date(), local.time())}
