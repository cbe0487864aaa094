from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lessons import codes
from lessons.models.base import Owned, SchoolRow, Signed, one_per_source
from lessons.models.people import Student
from lessons.prepared import prepared

if TYPE_CHECKING:
    from lessons.models.timetable import Lesson
    from lessons.models.users import User


MAX_DAYS = 400  # a school year and its holidays
Suggested = Mapping[int, str]  # the code of a planned absence by student


class PlannedAbsenceQuerySet(models.QuerySet["PlannedAbsence"]):
    def for_user(self, user: User) -> PlannedAbsenceQuerySet:
        """Returns the planned absences of students whom the user sees."""
        return self.filter(school__in=user.access.schools(), student__in=Student.objects.for_user(user))

    def on(self, day: date) -> PlannedAbsenceQuerySet:
        return self.filter(first_day__lte=day, last_day__gte=day)

    def of(self, lessons: Iterable[Lesson]) -> dict[int, dict[int, PlannedAbsence]]:
        """Returns, by lesson id, the planned absences that cover the start of each lesson, by student, in one query.

        If several do, the one entered last. Students need not be on the roster.
        """
        lessons = list(lessons)
        days = [lesson.date for lesson in lessons]
        if not days:
            return {}
        schools = {lesson.school_id for lesson in lessons}
        plans = self.filter(school__in=schools, first_day__lte=max(days), last_day__gte=min(days)).order_by("pk")
        known = list(plans)
        return {
            lesson.pk: {
                plan.student_id: plan for plan in known if plan.school_id == lesson.school_id and plan.covers(lesson)
            }
            for lesson in lessons
        }

    def of_lesson(self, lesson: Lesson) -> dict[int, PlannedAbsence]:
        """Returns the planned absences of one lesson, like `of`."""
        return {plan.student_id: plan for plan in _on(lesson.school_id, lesson.date) if plan.covers(lesson)}

    def codes_of(self, lessons: Iterable[Lesson]) -> dict[int, Suggested]:
        """Returns codes only, like `of`: code that takes or checks a register gets no reason that it could pass on."""
        return {pk: suggested(plans) for pk, plans in self.of(lessons).items()}

    def codes_of_lesson(self, lesson: Lesson) -> Suggested:
        """Returns the codes for one lesson, like `codes_of`."""
        return suggested(self.of_lesson(lesson))


def suggested(plans: Mapping[int, PlannedAbsence]) -> Suggested:
    """Returns the codes of planned absences."""
    return {student: plan.code for student, plan in plans.items()}


class PlannedAbsence(SchoolRow, Signed, Owned):
    """An absence that the school knows of beforehand. It is suggested on every register that it covers, and becomes a
    mark only when somebody confirms it."""

    SAME_SCHOOL = ("student",)

    student = models.ForeignKey(
        Student, on_delete=models.PROTECT, related_name="planned_absences", verbose_name=_("student")
    )
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"), help_text=_("Included."))
    from_time = models.TimeField(
        _("from"), null=True, blank=True, help_text=_("Lessons that start from then on; empty for the whole day.")
    )
    until_time = models.TimeField(_("until"), null=True, blank=True, help_text=_("Lessons that start before then."))
    code = models.CharField(_("code"), max_length=2)
    reason = models.CharField(
        _("reason"), max_length=200, blank=True, help_text=_("For the office. Teachers see what the code stands for.")
    )
    made_at = models.DateTimeField(_("entered at"), auto_now_add=True)

    objects = PlannedAbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("planned absence")
        verbose_name_plural = _("planned absences")
        ordering = ("first_day", "id")
        indexes = (models.Index(fields=["school", "last_day"]),)
        constraints = (
            one_per_source(),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")),
                name="planned_absence_ends_after_start",
                violation_error_message=_("The last day is not before the first."),
            ),
            models.CheckConstraint(
                condition=Q(from_time__isnull=True) | Q(until_time__isnull=True) | Q(until_time__gt=F("from_time")),
                name="planned_absence_times_in_order",
                violation_error_message=_("“Until” is after “from”."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.student}: {self.code}"

    def clean(self) -> None:
        """Checks the rules for pages, the API and the admin. Without a school, which each of them requires, some are
        skipped."""
        errors = dict(self._wrong())
        if errors:
            raise ValidationError(errors)

    def _wrong(self) -> Iterator[tuple[str, ValidationError]]:
        if self.first_day and self.last_day:
            days = (self.last_day - self.first_day).days + 1
            if days < 1:
                yield "last_day", ValidationError(_("The last day is not before the first."), "too_early")
            elif days > MAX_DAYS:
                text = _("At most %(most)d days are planned in one go: enter the rest as another absence.")
                yield "last_day", ValidationError(text, "too_long", {"most": MAX_DAYS})
        if self.from_time and self.until_time and self.until_time <= self.from_time:
            yield "until_time", ValidationError(_("“Until” is after “from”."), "too_early")
        if self.first_day and self.school_id:
            yield from self._wrong_code(self.first_day)

    def _wrong_code(self, day: date) -> Iterator[tuple[str, ValidationError]]:
        try:
            known = plannable(self.school.nation, day)
        except codes.NoCodeSet:
            yield "first_day", ValidationError(_("No attendance codes are known for that day."), "no_codes")
            return
        if self.code and self.code not in known:
            text = _("This is not a code for an absence that can be planned.")
            yield "code", ValidationError(text, "unknown_code")

    def covers(self, lesson: Lesson) -> bool:
        return self.covers_at(lesson.date, lesson.start_time)

    def covers_at(self, day: date, clock: time) -> bool:
        """Returns whether the absence covers this local time."""
        return (
            self.first_day <= day <= self.last_day
            and (self.from_time is None or self.from_time <= clock)
            and (self.until_time is None or clock < self.until_time)
        )


@prepared
def _on(school_id: int, day: date) -> PlannedAbsenceQuerySet:
    return PlannedAbsence.objects.filter(school=school_id).on(day).order_by("pk")


def plannable(nation: str, on: date) -> dict[str, codes.Code]:
    """Returns the codes that can be planned: reasons known beforehand, so neither present, late nor "no reason yet".
    Raises NoCodeSet."""
    known = codes.code_set(nation, on).codes
    unforeseen = {codes.PRESENT, codes.ABSENT, *codes.ARRIVAL_CODES}
    return {
        name: code
        for name, code in known.items()
        if name not in unforeseen and code.kind is not codes.Kind.NOT_COLLECTED
    }
