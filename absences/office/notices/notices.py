"""Notices about a register: the office reminds its teachers, a teacher tells the office who else is in the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from lessons.errors import Conflict, NotAllowed
from lessons.models import Lesson, Notice, Student, User
from lessons.models.base import signature


@dataclass(frozen=True)
class Reminded:
    """The names of the staff reminded now, and of those who already have an open reminder."""

    now: Sequence[str]
    before: Sequence[str]


def remind(user: User, lesson: Lesson, *, now: datetime) -> Reminded:
    """Asks a lesson's staff to take its register; each person has at most one open reminder.

    Raises NotAllowed except for the office, and Conflict if there is nothing to remind of, or nobody to remind.
    """
    if not user.access.is_office(lesson.school_id):
        raise NotAllowed(_("Only the school’s office reminds of registers."))
    if lesson.is_completed:
        raise Conflict(_("This register has been taken meanwhile."))
    if lesson.is_cancelled or now < lesson.starts_at:
        raise Conflict(_("There is nothing to remind of: this lesson was cancelled, or it has not begun."))
    reminded: dict[bool, list[str]] = {True: [], False: []}
    for staff in lesson.people:
        facts = {"text": "", "made_at": now, "school": lesson.school, **signature(user, lesson.school_id)}
        _notice, made = Notice.objects.get_or_create(
            lesson=lesson, to=staff.user, kind=Notice.Kind.REMINDER, done_at=None, defaults=facts
        )
        reminded[made].append(staff.user.name)
    if not any(reminded.values()):
        raise Conflict(_("Nobody is on the staff of this lesson: an admin can put somebody there."))
    return Reminded(reminded[True], reminded[False])


def tell_office(user: User, lesson: Lesson, text: str, *, now: datetime) -> Notice:
    """Tells the office that somebody in the room is not on the roster. If exactly one pupil has that name, the notice
    links to them, for the office only. Repeating the text returns the open notice.

    Raises NotAllowed for users who may not take this register.
    """
    if not user.access.may_complete(lesson, now):
        raise NotAllowed(_("You may not take this register."))
    on_roll = Student.objects.filter(school=lesson.school_id).on_roll(lesson.date)
    found = list(on_roll.named(text)[:2])
    facts = {"made_at": now, "student": found[0] if len(found) == 1 else None, **signature(user, lesson.school_id)}
    with transaction.atomic():
        Lesson.objects.filter(pk=lesson.pk).lock()  # otherwise two concurrent calls would both find none
        notice, _made = Notice.objects.get_or_create(
            school=lesson.school,
            lesson=lesson,
            kind=Notice.Kind.SOMEONE_ELSE,
            to=None,
            text=text,
            done_at=None,
            defaults=facts,
        )
    return notice
