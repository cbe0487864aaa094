"""The demo schools' timetable for any day. Pure.

It names groups by the ids and staff by the usernames in `fixtures/demo.json`, which `fixtures/make_demo.py` makes from
the tables here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

MIS = "demo-mis"  # the `source` of people and groups, which the schools' management information system would own
SOURCE = "demo"  # the `source` of lessons

PRIMARY, SECONDARY = "primary", "secondary"


@dataclass(frozen=True)
class Subject:
    """A subject, taught in two sets in every year, each by its own teacher."""

    code: str
    title: str
    rooms: tuple[str, str]
    teachers: tuple[str, str]


SUBJECTS = (
    Subject("Ma", "Maths", ("M3", "M4"), ("teacher", "k.wisniewska")),
    Subject("Sc", "Science", ("Lab 1", "Lab 2"), ("colleague", "a.okafor")),
    Subject("En", "English", ("E1", "E7"), ("t.bailey", "s.murphy")),
    Subject("Hu", "Humanities", ("H2", "H5"), ("r.dsouza", "g.llewellyn")),
    Subject("PE", "PE", ("Sports hall", "Gym"), ("m.asante", "e.demir")),
)
YEARS = (7, 8, 9, 10, 11)

# Tutor groups and their tutors.
TUTORS = dict(
    zip(
        (f"{year}{letter}" for year in YEARS for letter in "AB"),
        (teacher for pair in zip(*(subject.teachers for subject in SUBJECTS), strict=True) for teacher in pair),
        strict=True,
    )
)
# Assists in every small set that fits her timetable.
ASSISTANT = "j.farrow"

# The primary school's classes and teachers, and the small groups that leave them for half an hour.
CLASSES = {"acorn": "h.sutcliffe", "oak": "outsider", "ash": "n.iqbal", "willow": "d.greenwood"}
WITHDRAWN = {
    "reading": ("outsider", time(10, 45), time(11, 15), "Reading"),
    "strings": ("n.iqbal", time(13, 30), time(14), "Strings"),
}

LESSONS = {
    "P1": (time(9, 5), time(10, 5)),
    "P2": (time(10, 5), time(11, 5)),
    "P3": (time(11, 25), time(12, 25)),
    "P4": (time(13, 20), time(14, 20)),
    "P5": (time(14, 20), time(15, 20)),
}
SESSIONS = {
    SECONDARY: {"AM": (time(8, 45), time(9, 5)), "PM": (time(13, 10), time(13, 20))},
    PRIMARY: {"AM": (time(8, 50), time(9, 10)), "PM": (time(13), time(13, 15))},
}

# Extra lessons, for somebody who opens the demo outside school hours.
TEACHER = "teacher"
BIG = tuple(f"{year}/Ma1" for year in YEARS)
OWN_TUTOR_GROUP = next(group for group, tutor in TUTORS.items() if tutor == TEACHER)


@dataclass(frozen=True)
class Slot:
    """A lesson to make on a date; times are local."""

    group: str
    period: str
    start: time
    end: time
    teacher: str
    subject: str = ""
    room: str = ""
    session: str = ""
    assistant: str = ""


def slots(school: str, day: date) -> Iterator[Slot]:
    """Yields a school's lessons on a day; no teacher has two at once."""
    for group, teacher in (TUTORS if school == SECONDARY else CLASSES).items():
        for session, (start, end) in SESSIONS[school].items():
            yield Slot(group, session, start, end, teacher, session=session)
    yield from _secondary(day) if school == SECONDARY else _primary()


def _secondary(day: date) -> Iterator[Slot]:
    """Yields the secondary school's lessons. Each year has a different subject in every period, so that two teachers
    per subject are enough."""
    for number, (period, (start, end)) in enumerate(LESSONS.items()):
        for year in YEARS:
            subject = SUBJECTS[(day.toordinal() + number + year) % len(SUBJECTS)]
            for number_of_set, (teacher, room) in enumerate(zip(subject.teachers, subject.rooms, strict=True), 1):
                group = f"{year}/{subject.code}{number_of_set}"
                assistant = ASSISTANT if group.endswith("/Ma2") else ""
                yield Slot(group, period, start, end, teacher, subject.title, room, assistant=assistant)


def _primary() -> Iterator[Slot]:
    for group, (teacher, start, end, subject) in WITHDRAWN.items():
        yield Slot(group, "small", start, end, teacher, subject, "Library")
