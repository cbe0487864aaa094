"""The day pack: lessons, rosters, tickets and marks that a user's own device needs to take today's registers offline.

Plain JSON. Times are milliseconds since 1970, as in scripts; everything shown is already in words.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from absences.reporting import tickets
from absences.store import marks
from absences.store.documents import StoredMark
from absences.taking.register_form import EVERYDAY
from lessons import codes
from lessons.calendar import school_time
from lessons.calendar.school_time import milliseconds
from lessons.models import Enrolment, Lesson, PlannedAbsence, School, Student, User
from lessons.models.planned import Suggested

JSON = dict[str, Any]
FORMAT = 3  # an old page reloads when it meets a format that it does not know


@dataclass(frozen=True)
class DayPack:
    """A day pack. `facts` are shown: {format, user, name, school, day, ends, lessons: [...]}; `sid` names the sign-in
    with which its tickets end."""

    user: User
    sid: str
    lessons: Sequence[Lesson]
    planned: Mapping[int, Suggested]
    current: Mapping[int, Sequence[StoredMark]]
    facts: JSON

    @property
    def etag(self) -> str:
        """Returns a weak ETag. It leaves tickets out, because each is different; their contents follow from the
        rest."""
        asked = json.dumps([self.sid, self.facts], sort_keys=True)
        return f'W/"{hashlib.sha256(asked.encode()).hexdigest()[:32]}"'

    def sent(self, now: datetime) -> JSON:
        """Returns the pack with a ticket for each lesson, and the time by which a device corrects its clock."""
        lessons = [
            facts | {"ticket": self._ticket(each, _ids(facts), now)}
            for each, facts in zip(self.lessons, self.facts["lessons"], strict=True)
        ]
        return self.facts | {"lessons": lessons, "now": milliseconds(now)}

    def _ticket(self, lesson: Lesson, roster: Sequence[int], now: datetime) -> str | None:
        planned, current = self.planned[lesson.pk], self.current[lesson.pk]
        return tickets.issue(self.user, lesson, roster, now, planned, current, sid=self.sid)


def _ids(facts: JSON) -> list[int]:
    return [student["id"] for student in facts["roster"]]


def of(user: User, schools: Sequence[School], now: datetime, *, sid: str, **more: Any) -> DayPack:
    """Returns the pack for all the schools (at least one) in which a user works. Four SQL statements, however many
    lessons, and one MongoDB command per school. Without MongoDB it has no marks, and `unknown` says so."""
    days = {school: school_time.local_date(school.time_zone, now) for school in schools}
    own = Lesson.objects.for_user(user, now).today(schools, now).filter(staff__user=user)
    lessons = list(own.with_state(now).with_people())
    rosters = _rosters(lessons)
    planned = PlannedAbsence.objects.codes_of(lessons)
    known = marks.if_known(marks.by_lesson, lessons)
    current = defaultdict(list, known or {})
    facts = {
        "format": FORMAT,
        "user": user.pk,
        "name": user.name,
        "school": ", ".join(school.name for school in schools),
        "day": days[schools[0]].isoformat(),
        "ends": min(milliseconds(school_time.end_of_day(school.time_zone, day)) for school, day in days.items()),
        "lessons": [_lesson(each, rosters[each.group_id], planned[each.pk], current[each.pk]) for each in lessons],
        **({"unknown": True} if known is None else {}),
        **more,
    }
    return DayPack(user, sid, lessons, planned, current, facts)


def _rosters(lessons: Iterable[Lesson]) -> Mapping[int, Sequence[Student]]:
    """Returns rosters by group, in the order of the register; all lessons are on one day."""
    found: dict[int, list[Student]] = defaultdict(list)
    for day in {lesson.date for lesson in lessons}:
        enrolled = Enrolment.objects.on(day).filter(group__in={lesson.group_id for lesson in lessons})
        order = ("student__sort_name", "student__legal_name", "student_id")
        for each in enrolled.select_related("student").order_by(*order):
            if each.student not in found[each.group_id]:
                found[each.group_id].append(each.student)
    return found


def _lesson(
    lesson: Lesson,
    students: Sequence[Student],
    planned: Suggested,
    current: Sequence[StoredMark],
) -> JSON:
    staff = [each.user.name for each in lesson.people]
    return {
        "id": lesson.pk,
        "group": lesson.group.name,
        "subject": lesson.subject or lesson.get_session_display(),
        "room": lesson.room,
        "zone": lesson.school.time_zone,
        "staff": ", ".join(staff),
        "time": lesson.times,
        "opens": milliseconds(lesson.opens_at),
        "starts": milliseconds(lesson.starts_at),
        "ends": milliseconds(lesson.ends_at),
        "closes": milliseconds(lesson.closes_at),
        "state": lesson.state,
        "taken": milliseconds(lesson.register.taken_at) if lesson.is_completed else None,
        "roster": [_student(each, planned.get(each.pk)) for each in students],
        "marks": [_mark(mark) for mark in current] if lesson.state == "due" else [],
    }


def _student(student: Student, plan: str | None) -> JSON:
    known: JSON = {"id": student.pk, "name": student.name}
    if student.preferred_name and student.preferred_name != student.legal_name:
        known["legal"] = student.legal_name
    if plan:
        known["plan"] = {"code": plan, "word": codes.title(plan)}
    return known


def _mark(mark: StoredMark) -> JSON:
    """Returns a mark as in the API, with the fields that the page reads, and the meaning of a rare code."""
    return {
        "student_id": mark["student"],
        "code": mark["code"],
        "word": "" if mark["code"] in EVERYDAY else codes.title(mark["code"]),
        "minutes_late": mark["minutes_late"],
        "note": mark["note"],
        "report_id": str(mark["report_id"]),
        "reported_by": {"id": mark["by"], "name": mark["by_name"]},
        "reported_at": mark["reported_at"].isoformat(),
    }
