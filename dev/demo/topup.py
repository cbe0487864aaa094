"""Adds lessons for the week that ends today, each once, and always two that `teacher` can take now."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models, transaction

from dev.demo.timetable import BIG, MIS, OWN_TUTOR_GROUP, SECONDARY, SESSIONS, SOURCE, TEACHER, Slot, slots
from lessons.calendar import school_time
from lessons.models import Group, Lesson, LessonStaff, School, StaffKind, User

DAYS = 7
RECENT = timedelta(hours=1)  # after its end a lesson still waits for its teacher

LAST = time(23, 59)  # a lesson ends on its own day

Planned = tuple[str, date, Slot]  # with the id by which it is made only once


def top_up(now: datetime) -> list[Lesson]:
    """Writes the missing lessons and returns them."""
    made: list[Lesson] = []
    with transaction.atomic():
        # Locked, so that the second of two concurrent runs finds the lessons that the first has made.
        for school in School.objects.select_for_update().filter(source=MIS, external_id__in=SESSIONS).order_by("pk"):
            today = school_time.local_date(school.time_zone, now)
            made += _write(school, _week(school, today))
            if school.external_id == SECONDARY:
                made += _write(school, _extra(school, today, now))
    return made


def _week(school: School, today: date) -> Iterator[Planned]:
    first = today - timedelta(days=DAYS - 1)
    there = set(_lessons(school).filter(date__gte=first).values_list("external_id", flat=True))
    for day in (first + timedelta(days=number) for number in range(DAYS)):
        for slot in slots(school.external_id, day):
            key = f"{day} {slot.group} {slot.period}"
            if key not in there:
                yield key, day, slot


def _extra(school: School, today: date, now: datetime) -> Iterator[Planned]:
    """Yields lessons until `teacher` has two to take now, one of them with a big class."""
    current = Lesson.objects.filter(
        school=school,
        date=today,
        staff__user__username=TEACHER,
        status=Lesson.Status.SCHEDULED,
        register=None,
        starts_at__lte=now + timedelta(minutes=school.opening_minutes),
        ends_at__gte=now - RECENT,
    ).values_list("group__external_id", flat=True)
    prefix = f"{today} extra"
    number = _lessons(school).filter(external_id__startswith=prefix).count()
    zone = ZoneInfo(school.time_zone)
    missing = []
    if not set(current) & set(BIG):
        begun = _clock(now, zone, today)
        missing.append(Slot(BIG[number % len(BIG)], "", begun, _after(begun, 55), TEACHER, "Maths", "M3"))
    if len(current) + len(missing) < 2:
        begun = _clock(now - timedelta(minutes=20), zone, today)
        missing.append(Slot(OWN_TUTOR_GROUP, "", begun, _after(begun, 25), TEACHER, "Tutor time", "M3"))
    for key, slot in enumerate(missing, number):
        yield f"{prefix} {key}", today, slot


def _clock(instant: datetime, zone: ZoneInfo, today: date) -> time:
    """Returns the local time of an instant, rounded down to five minutes; midnight if it was yesterday."""
    local = instant.astimezone(zone)
    if local.date() < today:
        return time.min
    return local.time().replace(minute=local.minute // 5 * 5, second=0, microsecond=0, fold=0)


def _after(clock: time, minutes: int) -> time:
    end = datetime.combine(date.min, clock) + timedelta(minutes=minutes)
    return end.time() if end.date() == date.min else LAST


def _lessons(school: School) -> models.QuerySet[Lesson]:
    return Lesson.objects.filter(school=school, source=SOURCE)


def _write(school: School, planned: Iterable[Planned]) -> list[Lesson]:
    """Makes the lessons, leaving out groups and staff that have been removed from the demo."""
    groups = {group.external_id: group for group in Group.objects.filter(school=school, source=MIS)}
    users = {user.username: user for user in User.objects.filter(memberships__school=school, is_active=True)}
    pairs = [
        (_lesson(school, groups[slot.group], key, day, slot), slot)
        for key, day, slot in planned
        if slot.group in groups
    ]
    Lesson.objects.bulk_create(lesson for lesson, _ in pairs)
    LessonStaff.objects.bulk_create(
        LessonStaff(school=school, lesson=lesson, user=users[username], kind=kind)
        for lesson, slot in pairs
        for username, kind in ((slot.teacher, StaffKind.TEACHER), (slot.assistant, StaffKind.ASSISTANT))
        if username in users
    )
    return [lesson for lesson, _ in pairs]


def _lesson(school: School, group: Group, key: str, day: date, slot: Slot) -> Lesson:
    return Lesson(
        school=school,
        group=group,
        source=SOURCE,
        external_id=key,
        date=day,
        start_time=slot.start,
        end_time=slot.end,
        subject=slot.subject,
        room=slot.room,
        session=slot.session,
    ).set_instants()
