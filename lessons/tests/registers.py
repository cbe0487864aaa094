"""Registers written straight to the tables, for tests of code that reads them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from lessons.calendar import school_time
from lessons.models import Amendment, Lesson, Register, RejectedReport, Student


def take(lesson: Lesson, *, absent: dict[Student, str] | None = None, **fields: Any) -> Register:
    """Returns a lesson's register with everyone enrolled that day: present, unless `absent` has a code."""
    at = lesson.starts_at + timedelta(minutes=10)
    year = school_time.school_year(lesson.date)
    roster = list(Student.objects.enrolled(lesson.group_id, lesson.date).values_list("pk", flat=True))
    facts = {"school": lesson.school, "group": lesson.group, "date": lesson.date, "session": lesson.session}
    taken = {"completed_at": at, "taken_at": at, "by_name": "Ms Lee", "source": "page", "school_year": year}
    state = {"roster": roster, "unstated": [], "counts": {}, "feed_number": lesson.pk, "merged_rev": 0}
    register = Register.objects.create(lesson=lesson, **facts | taken | state | fields)
    for student, code in (absent or {}).items():
        mark = {"school": lesson.school, "school_year": year, "by_name": "Ms Lee", "reported_at": at, "arrived_at": at}
        register.marks.create(student=student, code=code, **mark)
    return register


def amend(register: Register, student: Student, before: str | None, after: str, **fields: Any) -> Amendment:
    """Appends a change of one student's code, an hour after the register was taken."""
    at = register.completed_at + timedelta(hours=1)
    signed = {"by_name": "Ms Lee", "source": "page", "happened_at": at, "arrived_at": at}
    facts = {"school": register.school, "school_year": register.school_year, "feed_number": -1, "rev": 1}
    change = {"kind": "correction", "student": student, "from_code": before, "to_code": after}
    return register.amendments.create(**signed | facts | change | {"reason": "Note from the doctor"} | fields)


def void(register: Register) -> Amendment:
    """Appends a void, which leaves everyone unmarked."""
    at = register.completed_at + timedelta(minutes=5)
    signed = {"by_name": "Ms Lee", "source": "page", "happened_at": at, "arrived_at": at}
    facts = {"school": register.school, "school_year": register.school_year, "feed_number": -2, "rev": 1}
    return register.amendments.create(kind="void", reason="Wrong class", **signed, **facts)


def reject(lesson: Lesson, student: Student, **fields: Any) -> RejectedReport:
    facts = {"school": lesson.school, "student_id": student.pk, "school_year": 2026, "report_id": uuid4()}
    said: dict[str, Any] = {"code": "N", "reason": "not_on_roster", "by_name": "Ms Lee"}
    said |= dict.fromkeys(("reported_at", "arrived_at"), lesson.starts_at)
    return RejectedReport.objects.create(lesson=lesson, feed_number=-3, **facts | said | fields)
