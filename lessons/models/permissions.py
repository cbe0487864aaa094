"""What a user may do, by role and school. At most one SQL query a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lessons import codes
from lessons.calendar import school_time
from lessons.roles import INTEGRATOR_MAY, PEOPLE_MAY, WHOLE_SCHOOL, Role, Scope

if TYPE_CHECKING:
    from lessons.models import Amendment, Lesson, PlannedAbsence, School, Student, User


@dataclass(frozen=True)
class Acting:
    """A user's roles in one school, and the position that registers show beside the name."""

    school: School
    roles: frozenset[Role]
    position: str
    scopes: frozenset[Scope]

    @property
    def role(self) -> Role:
        """Returns the widest role."""
        return next((role for role in WHOLE_SCHOOL if role in self.roles), Role.TEACHER)


@dataclass(frozen=True)
class Access:
    """All of a user's roles. A user who may do nothing gets empty sets."""

    user_id: int
    acting: Mapping[int, Acting]
    is_operator: bool

    @classmethod
    def of(cls, user: User) -> Access:
        """Reads the user's memberships. With a token, the user acts only for the token's school."""
        memberships = user.held_memberships if user.is_active else []
        acting = {}
        for school in dict.fromkeys(membership.school for membership in memberships):
            if school is None or (user.acting_schools is not None and school.pk not in user.acting_schools):
                continue
            own = [membership for membership in memberships if membership.school_id == school.pk]
            position = next((each.position for each in own if each.position), "") or own[0].get_role_display()
            roles = frozenset(Role(each.role) for each in own)
            acting[school.pk] = Acting(school, roles, position, _scopes(user, roles))
        return cls(user.pk, acting, any(membership.role == Role.OPERATOR for membership in memberships))

    def schools(self, *roles: Role) -> list[int]:
        """Returns the ids of the schools in which the user holds one of the roles, or any role."""
        return [pk for pk, acting in self.acting.items() if not roles or acting.roles.intersection(roles)]

    @property
    def is_person(self) -> bool:
        """Whether this is a person's account: pages are for people, not for other systems."""
        held = {role for acting in self.acting.values() for role in acting.roles}
        return self.is_operator or held != {Role.INTEGRATOR}

    def whole_schools(self) -> list[int]:
        return self.schools(*WHOLE_SCHOOL)

    def allows(self, school_id: int, scope: Scope) -> bool:
        """Whether the user may do this kind of thing in a school; the role decides on which lessons and pupils."""
        acting = self.acting.get(school_id)
        return acting is not None and scope in acting.scopes

    def is_office(self, school_id: int) -> bool:
        """Whether the user is office or admin there: a person who sees the whole school."""
        acting = self.acting.get(school_id)
        return acting is not None and bool(acting.roles.intersection({Role.ADMIN, Role.OFFICE}))

    def offices(self) -> list[int]:
        return [pk for pk in self.acting if self.is_office(pk)]

    def reads_notes(self, school_id: int) -> bool:
        """Whether the user may read notes beside marks: people who take registers there, and systems with the scope."""
        return self.allows(school_id, Scope.NOTES)

    def reads_reasons(self, school_id: int) -> bool:
        """Whether the user may read why pupils are away: the office, and systems with the scope `notes`.

        Teachers see the code and its words. Others ask for the text with `reason_of`, and never read it themselves.
        """
        acting = self.acting.get(school_id)
        is_system = acting is not None and acting.roles == {Role.INTEGRATOR}
        return self.is_office(school_id) or (is_system and self.allows(school_id, Scope.NOTES))

    def reads_upns(self, school_id: int) -> bool:
        """Whether the user may read pupils' national numbers: the office, and systems with the scope."""
        return self.allows(school_id, Scope.UPNS)

    def reason_of(self, row: PlannedAbsence | Amendment) -> str:
        """Returns the reason, or an empty text if this user may not read it.

        Everybody reads what they wrote themselves. Why a whole register was withdrawn is about no pupil, and counts as
        a note: somebody has to give the register again.
        """
        is_own = row.by_id == self.user_id
        is_note = row.student_id is None and self.reads_notes(row.school_id)
        return row.reason if is_own or is_note or self.reads_reasons(row.school_id) else ""

    def upn_of(self, student: Student) -> str:
        """Returns the UPN, or an empty text if this user may not read it."""
        return student.upn if self.reads_upns(student.school_id) else ""

    def upn_schools(self) -> list[int]:
        """Returns the schools in which UPNs may be searched: only those in which they may be read, or a search could
        guess them."""
        return [pk for pk in self.acting if self.reads_upns(pk)]

    def may_plan(self, school_id: int) -> bool:
        """Whether the user may enter planned absences: the office, and systems that put the timetable."""
        return self.is_office(school_id) or self.allows(school_id, Scope.TIMETABLE)

    def cover_schools(self) -> list[School]:
        """Returns the schools in which the user may take any of today's lessons."""
        return [a.school for a in self.acting.values() if Role.TEACHER in a.roles and a.school.open_cover]

    def in_school(self, school_id: int) -> Acting:
        return self.acting[school_id]

    def sees(self, lesson: Lesson, now: datetime) -> bool:
        """Whether `Lesson.objects.for_user` includes the lesson."""
        acting = self.acting.get(lesson.school_id)
        if acting is None:
            return False
        is_open = not lesson.is_cancelled and lesson.opens_at <= now
        return acting.role in WHOLE_SCHOOL or self.is_staff_of(lesson) or (is_open and self.takes_as_cover(lesson, now))

    def is_staff_of(self, lesson: Lesson) -> bool:
        return lesson.staff.filter(user=self.user_id).exists() if lesson.own is None else lesson.own

    def may_report(self, lesson: Lesson, now: datetime) -> bool:
        return self.allows(lesson.school_id, Scope.REPORT) and self._may_take(lesson, now)

    def may_complete(self, lesson: Lesson, now: datetime) -> bool:
        return self.allows(lesson.school_id, Scope.COMPLETE) and self._may_take(lesson, now)

    def _may_take(self, lesson: Lesson, now: datetime) -> bool:
        """Whether the user may take the lesson: whole-school roles always, teachers as staff or, today, as cover."""
        acting = self.acting[lesson.school_id]
        return acting.role in WHOLE_SCHOOL or self.is_staff_of(lesson) or self.takes_as_cover(lesson, now)

    def takes_as_cover(self, lesson: Lesson, now: datetime) -> bool:
        acting = self.acting[lesson.school_id]
        school = acting.school
        return (
            acting.role == Role.TEACHER
            and school.open_cover
            and lesson.date == school_time.local_date(school.time_zone, now)
            and not self.is_staff_of(lesson)
        )

    def may_amend(self, lesson: Lesson, now: datetime) -> bool:
        """Whether the user may amend the register now, within the school's window for the role: office and admin any,
        teachers those of their own lessons, other systems with the scope."""
        acting = self.acting.get(lesson.school_id)
        if acting is None or Scope.AMEND not in acting.scopes:
            return False
        own = acting.role in WHOLE_SCHOOL or self.is_staff_of(lesson)
        return own and within_window(lesson, acting.role, now)


def _scopes(user: User, roles: frozenset[Role]) -> frozenset[Scope]:
    if Role.ADMIN in roles:
        return frozenset(Scope)
    if roles != {Role.INTEGRATOR}:
        return PEOPLE_MAY | {Scope.UPNS} if Role.OFFICE in roles else PEOPLE_MAY
    client = getattr(user, "api_client", None)
    return INTEGRATOR_MAY if client is None else client.granted


def within_window(lesson: Lesson, role: Role, at: datetime) -> bool:
    """Whether a role may still change a lesson's register: until its day ends, or as many days later as the school
    sets. There is no end for admins, nor for an office whose school sets none."""
    school = lesson.school
    days = {Role.TEACHER: school.amendment_window, Role.ADMIN: None}.get(role, school.office_amendment_window)
    if days is None:
        return True
    return at < school_time.end_of_day(school.time_zone, lesson.date + timedelta(days=days))


def allowed_codes(role: Role, lesson: Lesson) -> frozenset[str]:
    """Returns the codes that a role may use in a lesson. The school sets those of teachers."""
    known = frozenset(codes.code_set(lesson.school.nation, lesson.date).codes)
    return known & {codes.PRESENT, *lesson.school.teacher_codes.split()} if role == Role.TEACHER else known
