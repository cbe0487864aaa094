"""Registers for lessons that are over, taken as in use: reported, completed, some corrected, each at its proper
time."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.registers.completion import Completed, Completion
from absences.reporting import service, tickets
from absences.store import sheets
from absences.store.reports import Report
from absences.store.sheets import Key
from dev.demo import chance
from dev.demo.timetable import MIS, SOURCE
from dev.demo.topup import RECENT
from lessons import codes
from lessons.calendar import school_time
from lessons.errors import OtherMark, StoreUnavailable
from lessons.models import Enrolment, Lesson, User
from lessons.roles import Role

DEVICE = "demo"  # the device that reports, so that another run recognises them
TRIES = 3

TAKEN_AFTER = timedelta(minutes=12)  # after the lesson began
CORRECTED_AFTER = timedelta(hours=1)  # after it began; at most RECENT, or it would be in the future


def take(made: Collection[int], now: datetime) -> int:
    """Takes the registers of untouched lessons of past days, and of those just `made` (ids) that are over. Returns how
    many. Raises StoreUnavailable; another run continues from there."""
    over = Lesson.objects.filter(
        source=SOURCE, status=Lesson.Status.SCHEDULED, register=None, ends_at__lt=now - RECENT
    ).order_by("starts_at", "pk")
    waiting = [
        lesson
        for lesson in over.with_people()
        if lesson.pk in made or lesson.date < school_time.local_date(lesson.school.time_zone, now)
        if not chance.is_forgotten(lesson.external_id)
    ]
    staff, taken = Staff(), 0
    for starts_at, batch in groupby(waiting, lambda lesson: lesson.starts_at):
        if untouched := _untouched(list(batch)):
            taken += _take_patiently(untouched, staff, starts_at + TAKEN_AFTER)
    return taken


class Staff:
    """The users who take registers; each one's permissions are read once."""

    def __init__(self) -> None:
        users = User.objects.filter(memberships__school__source=MIS).order_by("pk").distinct()
        self.by_id = {user.pk: user for user in users}

    def taker(self, lesson: Lesson, now: datetime) -> User | None:
        """Returns its teacher, or an office user if the teacher has left."""
        own = [self.by_id[each.user_id] for each in lesson.people if each.user_id in self.by_id]
        lesson.own = True  # that user is its staff, or may take any lesson
        candidates = [*own, self.office(lesson)]
        return next((user for user in candidates if user and user.access.may_complete(lesson, now)), None)

    def office(self, lesson: Lesson) -> User | None:
        return next(
            (user for user in self.by_id.values() if lesson.school_id in user.access.schools(Role.OFFICE)), None
        )


def _untouched(lessons: Sequence[Lesson]) -> list[Lesson]:
    """Returns the lessons that nobody has reported on. A register that an earlier run left half done counts as
    untouched."""
    keys = {lesson.pk: Key(lesson.school_id, lesson.pk) for lesson in lessons}
    touched = set()
    for pk in sheets.reported((key.school_id, key.lesson_id) for key in keys.values()):
        sheet = sheets.read(keys[pk])
        if sheet and any(logged["device"] != DEVICE for logged in sheet.get("log", ())):
            touched.add(pk)
    return [lesson for lesson in lessons if lesson.pk not in touched]


def _take_patiently(lessons: Sequence[Lesson], staff: Staff, now: datetime) -> int:
    """Takes registers, and retries: on a slow disk one write in a thousand may time out, and all can be repeated."""
    for _attempt in range(TRIES - 1):
        with suppress(StoreUnavailable):
            return _take(lessons, staff, now)
    return _take(lessons, staff, now)


def _take(lessons: Sequence[Lesson], staff: Staff, now: datetime) -> int:
    """Takes the lessons of one hour together; returns how many have a register now. A lesson cancelled meanwhile has
    none. Raises StoreUnavailable."""
    rosters = _rosters(lessons)
    asked: dict[int, Completion] = {}
    for lesson in lessons:
        roster, taker = rosters[lesson.group_id], staff.taker(lesson, now)
        if taker is None:
            continue
        for user, reports in _reports(lesson, roster, taker, staff.office(lesson)).items():
            service.report(tickets.claims_for(user, lesson, roster, now), lesson.pk, reports, now)
        asked[lesson.pk] = Completion(user=taker, lesson_id=lesson.pk, roster_seen=roster, source="demo")
    outcomes = dict(zip(asked, completion.complete_all(list(asked.values()), now=now), strict=True))
    for lesson in lessons:
        done = outcomes.get(lesson.pk)
        if isinstance(done, Completed) and not done.already_completed:
            _correct(lesson, rosters[lesson.group_id], staff.office(lesson))
    for error in outcomes.values():
        if isinstance(error, StoreUnavailable):
            raise error
    return sum(isinstance(done, Completed) for done in outcomes.values())


def _correct(lesson: Lesson, roster: Sequence[int], office: User | None) -> None:
    """Records the reasons that the office has heard since."""
    changes = [
        Change(student_id=student, code=code, reason=chance.HEARD[code], expected_code=codes.ABSENT)
        for student in roster
        if (code := chance.heard_later(lesson.date, student))
    ]
    if changes and office:
        with suppress(OtherMark):  # somebody else has corrected it
            amendments.amend(office, lesson.pk, changes, now=lesson.starts_at + CORRECTED_AFTER, source="demo")


def _rosters(lessons: Sequence[Lesson]) -> dict[int, list[int]]:
    """Returns student ids by group. Lessons that start together are on the same day."""
    rosters: dict[int, list[int]] = defaultdict(list)
    enrolments = Enrolment.objects.filter(group__in={lesson.group_id for lesson in lessons}).on(lessons[0].date)
    for group, student in enrolments.order_by("student").values_list("group", "student"):
        rosters[group].append(student)
    return rosters


def _reports(
    lesson: Lesson, roster: Sequence[int], taker: User, office: User | None
) -> Mapping[User, Sequence[Report]]:
    """Returns the reports by user: the office knows reasons, the teacher sees the rest."""
    reports: dict[User, list[Report]] = defaultdict(list)
    for student in roster:
        code, minutes = chance.code(lesson.date, lesson.external_id, lesson.session, student)
        if code == codes.PRESENT:
            continue
        by = taker
        if code in chance.HEARD:
            by, code = (office, code) if office else (taker, codes.ABSENT)
        # Repeated with the same sequence, it changes nothing.
        report = Report(student_id=student, code=code, minutes_late=minutes, device=DEVICE, sequence=1)
        reports[by].append(report)
    return reports
