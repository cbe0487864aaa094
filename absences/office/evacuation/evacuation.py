"""Who is in the house: for every student on roll today what was said last, in a register or at the front desk.

Needs SQL only, and a fixed number of queries whatever the school.
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
from lessons.registers.state import Entry, Standing, standing


class Whereabouts(models.TextChoices):
    """No reason of an absence is told: everybody in the school reads the list."""

    IN = "in", _("In school")
    OUT = "out", _("Signed out")
    ABSENT = "absent", _("Absent")
    AWAY = "away", _("Away")
    UNKNOWN = "unknown", _("Not known")


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody said of a student: in the register of `lesson`, or at the front desk."""

    at: datetime
    whereabouts: Whereabouts
    lesson: Lesson | None = None


@dataclass(frozen=True, slots=True)
class Pupil:
    """`last` is what was said last, and `seen` when the student was last in the house, where that is something else.
    `planned`: nothing was said, and an absence is planned for now."""

    student: Student
    group: Group | None
    last: Word | None
    seen: Word | None
    planned: bool

    @property
    def whereabouts(self) -> Whereabouts:
        return self.last.whereabouts if self.last else Whereabouts.UNKNOWN


@dataclass(frozen=True)
class Section:
    """Pupils who stand together at the assembly point: a year group's, or a group's (None: of those in no group)."""

    title: int | Group | None
    pupils: Sequence[Pupil]

    @property
    def groups(self) -> Iterator[Section]:
        """Of a year group, in the order of their names."""
        for group, pupils in groupby(self.pupils, key=lambda pupil: pupil.group):
            yield Section(group, list(pupils))

    @property
    def counts(self) -> list[tuple[Whereabouts, int]]:
        found = Counter(pupil.whereabouts for pupil in self.pupils)
        return [(each, found[each]) for each in Whereabouts]


@dataclass(frozen=True)
class House:
    """`untaken` are lessons that run now and have no register yet."""

    everybody: Section
    years: Sequence[Section]
    untaken: Sequence[Lesson]


def of_school(school: School, now: datetime) -> House:
    """The whole school as it is known now, by year group and group."""
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
    return House(Section(None, pupils), [Section(year, list(of_year)) for year, of_year in years], untaken)


def _pupil(student: Student, group: Group | None, said: list[Word], planned: bool) -> Pupil:
    last = said[-1] if said else None
    inside = [word for word in said if word.whereabouts is Whereabouts.IN]
    seen = inside[-1] if inside and inside[-1] is not last else None
    return Pupil(student, group, last, seen, planned and last is None)


def _order(group: Group | None) -> tuple[bool, str, int]:
    """Who is in no group stands last."""
    return (group is None, group.name if group else "", group.pk if group else 0)


def _lessons(school: School, day: date) -> list[Lesson]:
    """Of the day, in their order."""
    found = list(Lesson.objects.filter(school=school, date=day).scheduled().select_related("group", "register"))
    for lesson in found:
        lesson.school = school
    return found


def _said(school: School, day: date, lessons: Iterable[Lesson]) -> dict[int, list[Word]]:
    """Of each student, the last word last."""
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


def _registers(school: School, lessons: Iterable[Lesson]) -> Iterator[tuple[Lesson, Standing]]:
    """The lessons whose registers were taken, each with the register as it stands."""
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
        yield lesson, standing(lesson.register, nation=school.nation, marks=own, amendments=later)


def _at(lesson: Lesson, mark: Entry | None) -> datetime:
    """When it was so. Who came in later did so when it reached us: a device whose clock is slow must not put an arrival
    before a signing out, or nobody looks for who came back. And a register that is taken or corrected in the evening is
    still about the lesson, and says nothing of the evening."""
    came = mark is not None and mark.amended and mark.code in codes.ARRIVAL_CODES
    return min(mark.arrived_at if mark and came else lesson.register.taken_at, lesson.ends_at)


def _whereabouts(code: codes.Code) -> Whereabouts:
    if code.kind is Kind.PRESENT or code.code in codes.ARRIVAL_CODES:
        return Whereabouts.IN
    return Whereabouts.ABSENT if code.kind in (Kind.AUTHORISED, Kind.UNAUTHORISED) else Whereabouts.AWAY


def _groups(school: School, day: date, lessons: Sequence[Lesson]) -> dict[int, Group]:
    """The group that each student stands with: that of her first registration period of the day, else of her first
    lesson, else the first by name."""
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
    """Of whom an absence is planned at this time."""
    local = now.astimezone(ZoneInfo(school.time_zone))
    plans = PlannedAbsence.objects.filter(school=school).on(local.date())
    return {plan.student_id for plan in plans if plan.covers_at(local.date(), local.time())}
