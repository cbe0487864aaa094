"""Which reports may stand in a register, judged against SQL at the merge; the others are kept with the reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from absences.reporting.tickets import allowed_codes
from lessons import codes
from lessons.models import Lesson, Membership, PlannedAbsence, RejectedReport, Student
from lessons.models.planned import Suggested
from lessons.roles import WHOLE_SCHOOL, Role

if TYPE_CHECKING:
    from absences.registers.merging import Draft

Reason = RejectedReport.Reason


@dataclass(frozen=True)
class Judge:
    """`reporters` are those who still hold the role that they reported by, as (school, user, role);
    `students` those of the school who were reported without being on the roster; `planned` the codes of
    absences that the school knows of beforehand, by lesson and student."""

    reporters: frozenset[tuple[int, int, str]]
    students: frozenset[tuple[int, int]]
    planned: Mapping[int, Suggested]

    @classmethod
    def of(cls, drafts: Sequence[Draft]) -> Judge:
        """At most three queries; one where everyone reported is on the roster, by who completed it."""
        others: set[int] = set()
        strangers: set[int] = set()
        schools: set[int] = set()
        for draft in drafts:
            schools.add(draft.lesson.school_id)
            for reported in draft.sheet.get("absences", {}).values():
                if reported["by"] != draft.sheet["intent"]["by"]:
                    others.add(reported["by"])
                if reported["student"] not in draft.roster:
                    strangers.add(reported["student"])
                if said := _said_before(reported, draft.sheet.get("log", ())):
                    others.add(said["by"])
        planned = PlannedAbsence.objects.codes_of(draft.lesson for draft in drafts)
        return cls(reporters_of(schools, others), students_of(schools, strangers), planned)

    def reason(
        self,
        reported: Mapping[str, Any],
        lesson: Lesson,
        roster: Collection[int],
        *,
        completed_by: int | None,
        log: Sequence[Mapping[str, Any]],
    ) -> Reason | None:
        """Why a report may not stand; None if it may. `log` is the sheet's."""
        if lesson.is_cancelled:
            return Reason.LESSON_CANCELLED
        if reported["student"] not in roster:
            known = (lesson.school_id, reported["student"]) in self.students
            return Reason.NOT_ON_ROSTER if known else Reason.UNKNOWN_STUDENT
        if reported["code"] not in codes.code_set(lesson.school.nation, lesson.date):
            return Reason.UNKNOWN_CODE
        reporter = (lesson.school_id, reported["by"], reported["role"])
        if reported["by"] != completed_by and reporter not in self.reporters:
            return Reason.NOT_PERMITTED
        if reported["code"] in allowed_codes(Role(reported["role"]), lesson):
            return None
        if self.planned[lesson.pk].get(reported["student"]) == reported["code"]:
            return None
        said = _said_before(reported, log)
        may = said and (said["by"] == completed_by or (lesson.school_id, said["by"], said["role"]) in self.reporters)
        return None if may else Reason.NOT_PERMITTED


def _said_before(reported: Mapping[str, Any], log: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """What a teacher's report puts back, if it does: the last that somebody of a whole-school role said of this student
    was the same. The log has the newest 200 reports of a sheet; what is older vouches for nothing."""
    if reported["role"] != Role.TEACHER or reported["code"] in (codes.PRESENT, codes.ABSENT, *codes.ARRIVAL_CODES):
        return None
    of_her = (each for each in reversed(log) if each["student"] == reported["student"])
    last = next((each for each in of_her if each["role"] in WHOLE_SCHOOL), None)
    return last if last and last["code"] == reported["code"] else None


def reporters_of(schools: Collection[int], users: Collection[int]) -> frozenset[tuple[int, int, str]]:
    if not users:
        return frozenset()
    held = Membership.objects.filter(school__in=schools, user__in=users, user__is_active=True)
    return frozenset(held.values_list("school_id", "user_id", "role"))


def students_of(schools: Collection[int], students: Collection[int]) -> frozenset[tuple[int, int]]:
    if not students:
        return frozenset()
    known = Student.objects.filter(school__in=schools, pk__in=students)
    return frozenset(known.values_list("school_id", "pk"))
