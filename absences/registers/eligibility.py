"""Decides, from SQL, which reports become marks when a sheet is merged. The others are rejected, with a reason."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from absences.store.documents import LogEntry, Sheet, StoredMark
from lessons import codes
from lessons.models import Lesson, Membership, PlannedAbsence, RejectedReport, Student
from lessons.models.permissions import allowed_codes
from lessons.models.planned import Suggested
from lessons.roles import WHOLE_SCHOOL, Role

Reason = RejectedReport.Reason


@dataclass
class Case:
    """A fenced sheet whose reports are to be judged, its lesson, and the students enrolled on the lesson's date."""

    sheet: Sheet
    lesson: Lesson
    roster: list[int]


@dataclass(frozen=True)
class Judge:
    """`reporters` are those who still hold the role in which they reported, as (school, user, role); `students` those
    of the school who were reported without being on the roster; `planned` the codes of absences that the school knows
    of beforehand, by lesson and student."""

    reporters: frozenset[tuple[int, int, str]]
    students: frozenset[tuple[int, int]]
    planned: Mapping[int, Suggested]

    @classmethod
    def of(cls, cases: Sequence[Case]) -> "Judge":
        """Reads what the cases need, in at most three queries: one is enough if the person who completed the lesson
        made all reports, about pupils on the roster."""
        others: set[int] = set()
        strangers: set[int] = set()
        schools: set[int] = set()
        for case in cases:
            schools.add(case.lesson.school_id)
            for reported in case.sheet.get("absences", {}).values():
                if reported["by"] != case.sheet["intent"]["by"]:
                    others.add(reported["by"])
                if reported["student"] not in case.roster:
                    strangers.add(reported["student"])
                if said := _said_before(reported, case.sheet.get("log", ())):
                    others.add(said["by"])
        planned = PlannedAbsence.objects.codes_of(case.lesson for case in cases)
        return cls(reporters_of(schools, others), students_of(schools, strangers), planned)

    def reason(
        self,
        reported: StoredMark,
        lesson: Lesson,
        roster: Collection[int],
        *,
        completed_by: int | None,
        log: Sequence[LogEntry],
    ) -> Reason | None:
        """Returns why a report may not be merged, or None if it may. `log` is the sheet's."""
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


def _said_before(reported: StoredMark, log: Sequence[LogEntry]) -> LogEntry | None:
    """Returns the office's last report on the same student, if a teacher's report repeats its code. It allows a teacher
    to restore such a mark. The log holds the newest 200 reports of a sheet; older ones allow nothing."""
    if reported["role"] != Role.TEACHER or reported["code"] in (codes.PRESENT, codes.ABSENT, *codes.ARRIVAL_CODES):
        return None
    of_student = (each for each in reversed(log) if each["student"] == reported["student"])
    last = next((each for each in of_student if each["role"] in WHOLE_SCHOOL), None)
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
