"""First-day calls: the families of absent pupils, and the outcomes of calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction

from absences.office.follow_up import follow_up
from absences.office.follow_up.follow_up import Wanted
from lessons import codes
from lessons.calendar import school_time
from lessons.models import Contact, DeskEntry, Lesson, PlannedAbsence, Register, School, Student, User
from lessons.models.base import signature
from lessons.registers.state import state_of

SAME_CONTACT_WITHIN = timedelta(minutes=1)  # a contact repeated this soon is the same one


@dataclass
class Missing:
    """A pupil who is absent without a known reason: `lesson` is the latest of today with a mark for the pupil, `seen`
    the latest before it with the pupil present."""

    student: Student
    lesson: Lesson
    seen: Lesson | None = None
    contacts: list[Contact] = field(default_factory=list)


def missing(school: School, day: date, year_group: int | None = None) -> list[Missing]:
    """Returns pupils with an unexplained mark on a day who have not come since, have no planned absence and have not
    signed out; pupils without a call come first. A fixed number of queries."""
    absent = {student.pk: student for student, _ in follow_up.unexplained(school, Wanted(day, day, year_group))}
    if not absent:
        return []
    plans = PlannedAbsence.objects.filter(school=school, student__in=absent).on(day)
    entries = DeskEntry.objects.filter(school=school, date=day)
    last = {entry.student_id: entry for entry in entries}
    found = [
        each
        for each in _absent_last(absent.values(), school, day)
        if not any(plan.student_id == each.student.pk and plan.covers(each.lesson) for plan in plans)
        if not _went_or_came(each, last.get(each.student.pk))
    ]
    contacts: dict[int, list[Contact]] = defaultdict(list)
    for contact in Contact.objects.filter(school=school, date=day):
        contacts[contact.student_id].append(contact)
    for each in found:
        each.contacts = contacts[each.student.pk]
    return sorted(found, key=lambda each: (bool(each.contacts), each.student.sort_name, each.student.pk))


def _absent_last(students: Collection[Student], school: School, day: date) -> Iterable[Missing]:
    """Yields students absent without a reason in the day's latest register that has a mark of theirs."""
    registers = Register.objects.filter(school=school, date=day).order_by("-lesson__starts_at", "-pk")
    said: dict[int, list[tuple[Lesson, str]]] = defaultdict(list)
    for register in registers.select_related("lesson__group").prefetch_related("marks", "amendments"):
        stands = state_of(
            register, nation=school.nation, marks=register.marks.all(), amendments=register.amendments.all()
        )
        roster = set(stands.roster)
        for student in students:
            if student.pk in roster and (code := stands.code_of(student.pk)):
                said[student.pk].append((register.lesson, code))
    for student in students:
        if not said[student.pk]:  # the register was voided between the two queries
            continue
        (lesson, code), *before = said[student.pk]
        if code == codes.ABSENT:
            seen = next((lesson for lesson, code in before if code in codes.ARRIVAL_CODES | codes.PRESENT_CODES), None)
            yield Missing(student, lesson, seen)


def _went_or_came(missing: Missing, last: DeskEntry | None) -> bool:
    """Returns whether the pupil signed out, or signed in after the start of the missed lesson."""
    if last is None:
        return False
    return last.direction == DeskEntry.Direction.OUT or last.at >= missing.lesson.starts_at


def note_down(user: User, student: Student, outcome: str, note: str, *, now: datetime) -> tuple[Contact, bool]:
    """Returns the contact, and whether it is new: one repeated within a minute is the same."""
    with transaction.atomic():
        Student.objects.select_for_update().get(pk=student.pk)
        same = Contact.objects.filter(
            student=student, outcome=outcome, note=note, by_id=user.pk, at__gt=now - SAME_CONTACT_WITHIN
        )
        if contact := same.first():
            return contact, False
        contact = Contact.objects.create(
            school_id=student.school_id,
            student=student,
            date=school_time.local_date(student.school.time_zone, now),
            outcome=outcome,
            note=note,
            at=now,
            **signature(user, student.school_id),
        )
        return contact, True
