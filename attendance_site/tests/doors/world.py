"""Two similar schools, with a user of every kind. Everything in the second school carries a mark that must never show
in the first, and every pupil one that no operator may see."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.test import Client
from django.utils import timezone

from absences.office.notices import notices
from absences.reporting import service, tickets
from absences.store.reports import Report
from lessons.accounts import authentication
from lessons.calendar import school_time
from lessons.factories import (
    ApiClientFactory,
    ContactFactory,
    DeskEntryFactory,
    EnrolmentFactory,
    GroupFactory,
    LessonFactory,
    MembershipFactory,
    NoticeFactory,
    PlannedAbsenceFactory,
    SchoolFactory,
    StudentFactory,
    UserFactory,
    person,
)
from lessons.models import Lesson, Role, School, Scope, Student, User
from lessons.tests.registers import amend, reject, take

FOREIGN, PUPIL = "Zzforeign", "Pupilname"
UNKNOWN = 10**12


def zone_at_noon() -> str:
    """Returns a zone in which it is between 12:00 and 13:00, so that no lesson of the day ends during a test."""
    ahead = 12 - timezone.now().hour
    return f"Etc/GMT{-ahead:+d}"  # POSIX counts westwards


class Place:
    """A school with a lesson that is due and one with a register."""

    def __init__(self, name: str, prefix: str) -> None:
        self.school: School = SchoolFactory.create(name=f"{name} School", time_zone=zone_at_noon())
        self.teacher = self.user(Role.TEACHER, f"{prefix}teacher", name)
        self.office = self.user(Role.OFFICE, f"{prefix}office", name)
        self.admin = self.user(Role.ADMIN, f"{prefix}admin", name, is_staff=True)
        group = GroupFactory.create(school=self.school, name=f"{name} 8A", source=name, external_id=f"{name}-g")
        self.student: Student = StudentFactory.create(
            school=self.school, legal_name=f"{PUPIL} {name}", source=name, external_id=f"{name}-s"
        )
        EnrolmentFactory.create(group=group, student=self.student)
        self.due = self.lesson(group, name)
        self.taken = self.lesson(group, name)
        register = take(self.taken, absent={self.student: "N"})
        amend(register, self.student, "N", "I", reason=f"{name} reason")
        reject(self.taken, self.student)
        self.notice = notices.tell_office(self.teacher, self.due, f"Somebody of {name}", now=timezone.now())
        self.plan = PlannedAbsenceFactory.create(student=self.student, first_day=self.due.date, reason=f"{name} reason")
        for factory in (ContactFactory, DeskEntryFactory):
            factory.create(student=self.student, note=f"{name} note")
        NoticeFactory.create(lesson=self.due, student=self.student, to=self.teacher, text=f"{name} text")

    def user(self, role: Role, username: str, name: str, **fields: Any) -> User:
        return person(self.school, role, username, name=f"{name} {username}", **fields)

    def lesson(self, group: Any, name: str) -> Lesson:
        """Returns a lesson that lasts all of today, so that it is due at any hour."""
        today = school_time.local_date(self.school.time_zone, timezone.now())
        when: dict[str, Any] = {"date": today, "start_time": time(0), "end_time": time(23, 59, 59)}
        said = {"subject": f"{name} Maths", "room": f"{name}1"}
        lesson: Lesson = LessonFactory.create(group=group, taught_by=self.teacher, **when, **said)
        return lesson

    def address(self, pattern: str, taken: bool) -> str:
        lesson = self.taken if taken else self.due
        places: dict[str, object] = {"<id:lesson>": lesson.pk, "<id:student>": self.student.pk}
        places |= {"<id:plan>": self.plan.pk, "<id:notice>": self.notice.pk, "<slug:sid>": "0" * 24}
        for place, value in places.items():
            pattern = pattern.replace(place, str(value))
        return f"/{pattern}"


class World:
    def __init__(self) -> None:
        self.own, self.foreign = Place("Hawthorn", "own-"), Place(FOREIGN, "foreign-")
        school = self.own.school
        every = " ".join(Scope)
        colleague = person(school, Role.TEACHER, "colleague", name="Hawthorn colleague")
        head = person(school, Role.TEACHER, "two-roles", name="Hawthorn head")
        MembershipFactory.create(user=head, school=school, role=Role.OFFICE)
        self.users: dict[str, User] = {
            "teacher": self.own.teacher,
            "colleague": colleague,
            "office": self.own.office,
            "admin": self.own.admin,
            "integrator": person(school, Role.INTEGRATOR, "mis", name="Hawthorn MIS"),
            "client": ApiClientFactory.create(school=school, scopes=every).user,
            "operator": person(None, Role.OPERATOR, "operator", name="Nation"),
            "outsider": self.foreign.teacher,
            "foreign office": self.foreign.office,
            "foreign client": ApiClientFactory.create(school=self.foreign.school, scopes=every).user,
        }
        self.lacking = {
            scope: ApiClientFactory.create(school=school, scopes=" ".join(each for each in Scope if each != scope)).user
            for scope in Scope
        }
        self.superuser = UserFactory.create(username="root", is_staff=True, is_superuser=True)
        claims = tickets.claims_for(self.own.teacher, self.own.due, [self.own.student.pk], timezone.now())
        service.report(claims, self.own.due.pk, [Report(student_id=self.own.student.pk, code="N")], timezone.now())

        roster = [self.own.student.pk]
        self.ticket = tickets.issue(self.own.teacher, self.own.due, roster, timezone.now(), sid="")

    def token(self, user: User) -> str:
        return token_of(user)


def token_of(user: User) -> str:
    """Returns an access token for the user's only school."""
    school = authentication.choose_school(user, None)
    return authentication.token_pair(user, school, now=timezone.now())["access"]


def with_token(token: str | None) -> Client:
    return Client(headers={"authorization": f"Bearer {token}"} if token else None, raise_request_exception=False)


def with_session(user: User | None, **more: Any) -> Client:
    client = Client(raise_request_exception=False, **more)
    if user:
        client.force_login(user)
    return client
