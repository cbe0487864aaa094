"""Searches for pupils, groups and colleagues by name, among those that the user may see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from lessons import names
from lessons.calendar import school_time
from lessons.models import Group, Lesson, Membership, Student, User
from lessons.roles import Role

UPN = re.compile(r"[A-Z][0-9]{3,11}[0-9A-Z]?")  # or its beginning
SHOWN = 20
Days = dict[int, date]  # today in each of the user's schools


@dataclass(frozen=True)
class FoundPupil:
    student: Student
    on_roll: bool


@dataclass(frozen=True)
class Class:
    """A group, with today's lessons that the user sees."""

    group: Group
    lessons: Sequence[Lesson]


@dataclass(frozen=True)
class Colleague:
    """A colleague, with today's lessons that the user sees."""

    membership: Membership
    lessons: Sequence[Lesson]


@dataclass(frozen=True)
class Found:
    """At most SHOWN results of each kind; `more` if there are others."""

    pupils: Sequence[FoundPupil]
    classes: Sequence[Class]
    colleagues: Sequence[Colleague]
    more: bool

    @property
    def is_empty(self) -> bool:
        return not (self.pupils or self.classes or self.colleagues)


def find(user: User, asked: str, now: datetime) -> Found:
    """Searches all the user's schools, in a fixed number of queries. Only the office finds colleagues and UPNs."""
    days = {pk: school_time.local_date(acting.school.time_zone, now) for pk, acting in user.access.acting.items()}
    pupils = _pupils(user, asked, days)
    known = Group.objects.for_user(user).select_related("school")
    groups = [group for group in known if names.matches(asked, group.name)]
    staff = [each for each in _staff(user) if names.matches(asked, each.user.name)]
    more = any(len(found) > SHOWN for found in (pupils, groups, staff))
    groups, staff = groups[:SHOWN], staff[:SHOWN]
    lessons = _lessons(user, groups, staff, days, now)
    return Found(
        pupils[:SHOWN],
        [Class(group, [each for each in lessons if each.group_id == group.pk]) for group in groups],
        [Colleague(each, [lesson for lesson in lessons if _teaches(each, lesson)]) for each in staff],
        more,
    )


def _pupils(user: User, asked: str, days: Days) -> list[FoundPupil]:
    """Returns pupils, those on roll first."""
    seen = Student.objects.for_user(user).select_related("school").in_order()
    by_upn: list[Student] = []
    number = re.sub(r"\s", "", asked).upper()
    if UPN.fullmatch(number):
        by_upn = list(seen.filter(school__in=user.access.upn_schools(), upn__startswith=number))
    found = {student.pk: student for student in [*by_upn, *seen.named(asked)]}
    pupils = [FoundPupil(each, _is_on_roll(each, days[each.school_id])) for each in found.values()]
    return sorted(pupils, key=lambda pupil: not pupil.on_roll)


def _is_on_roll(student: Student, day: date) -> bool:
    return student.on_roll_from <= day and (student.on_roll_until is None or day <= student.on_roll_until)


def _staff(user: User) -> Sequence[Membership]:
    """Returns everybody who works in schools where the user is in the office, once per school."""
    people = Membership.objects.filter(school__in=_offices(user), user__is_active=True).exclude(role=Role.INTEGRATOR)
    known = people.select_related("user", "school").order_by("user__name", "pk")
    return list({(each.school_id, each.user_id): each for each in reversed(known)}.values())[::-1]


def _offices(user: User) -> list[int]:
    return [pk for pk in user.access.acting if user.access.is_office(pk)]


def _lessons(
    user: User, groups: Sequence[Group], staff: Sequence[Membership], days: Days, now: datetime
) -> Sequence[Lesson]:
    """Returns today's lessons of these groups and these people, in order."""
    today = Q(pk__in=())
    for school, day in days.items():
        today |= Q(school=school, date=day)
    asked = Q(group__in=groups) | Q(staff__user__in=[each.user_id for each in staff])
    return list(Lesson.objects.for_user(user, now).scheduled().filter(today, asked).distinct().with_people())


def _teaches(membership: Membership, lesson: Lesson) -> bool:
    return lesson.school_id == membership.school_id and any(
        each.user_id == membership.user_id for each in lesson.people
    )
