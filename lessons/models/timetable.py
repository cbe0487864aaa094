from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from lessons.calendar import school_time
from lessons.models.base import Minutes, Owned, SchoolRow, one_of_school, one_per_source
from lessons.models.groups import Group
from lessons.models.people import Enrolment, Student, StudentQuerySet
from lessons.models.users import User
from lessons.prepared import prepared
from lessons.roles import Role

if TYPE_CHECKING:
    from lessons.models.register import Register
    from lessons.models.school import School


class Session(models.TextChoices):
    """The statutory registration periods of a day."""

    AM = "AM", _("Morning session")
    PM = "PM", _("Afternoon session")


# A cancelled lesson can be scheduled again until this long before it starts.
REVIVABLE = timedelta(days=1)


class LessonQuerySet(models.QuerySet["Lesson"]):
    def for_user(self, user: User, now: datetime) -> LessonQuerySet:
        """Returns the lessons that a user may see, each with `own` (the user is staff of it). Office and integrators
        see the whole school; teachers see the lessons that they are staff of and, with open cover, any of today's that
        can be taken."""
        access = user.access
        staffed = LessonStaff.objects.filter(user=user, lesson=OuterRef("pk"))
        seen = Q(school__in=access.whole_schools()) | Q(Exists(staffed), school__in=access.schools(Role.TEACHER))
        for school in access.cover_schools():
            opened = now + timedelta(minutes=school.opening_minutes)
            seen |= Q(
                school=school,
                date=school_time.local_date(school.time_zone, now),
                starts_at__lte=opened,
                status=Lesson.Status.SCHEDULED,
            )
        return self.filter(seen).annotate(own=Exists(staffed))  # type: ignore[no-redef]

    def today(self, schools: Iterable[School], now: datetime) -> LessonQuerySet:
        """Returns the lessons that are today on the clocks of each of these schools."""
        return self._by_day(schools, now, "exact")

    def before_today(self, schools: Iterable[School], now: datetime) -> LessonQuerySet:
        return self._by_day(schools, now, "lt")

    def from_today(self, schools: Iterable[School], now: datetime) -> LessonQuerySet:
        """Returns today's and later lessons: at 23:30 a lesson of tomorrow at 00:15 may already be due."""
        return self._by_day(schools, now, "gte")

    def _by_day(self, schools: Iterable[School], now: datetime, comparison: str) -> LessonQuerySet:
        by_today: dict[date, list[int]] = defaultdict(list)
        for school in schools:
            by_today[school_time.local_date(school.time_zone, now)].append(school.pk)
        days = (Q(school__in=pks, **{f"date__{comparison}": today}) for today, pks in by_today.items())
        return self.filter(reduce(or_, days, Q(pk__in=())))

    def with_state(self, now: datetime) -> LessonQuerySet:
        """Annotates `state`: scheduled, due (open for taking), completed or cancelled."""
        opened = Value(now, models.DateTimeField()) + Minutes("school__opening_minutes")
        return self.annotate(  # type: ignore[no-redef]
            state=Case(
                When(register__isnull=False, then=Value("completed")),
                When(status=Lesson.Status.CANCELLED, then=Value("cancelled")),
                When(starts_at__lte=opened, then=Value("due")),
                default=Value("scheduled"),
                output_field=models.CharField(),
            )
        )

    def with_people(self) -> LessonQuerySet:
        """Fetches everything that a list of lessons shows, in two queries."""
        staff = models.Prefetch("staff", LessonStaff.objects.named(), "people")
        return self.with_register().prefetch_related(staff)  # type: ignore[no-redef]

    def with_register(self) -> LessonQuerySet:
        return self.select_related("school", "group", "register")

    def scheduled(self) -> LessonQuerySet:
        return self.filter(status=Lesson.Status.SCHEDULED)

    def of_student(self, student_id: int, day: date) -> LessonQuerySet:
        """Returns a student's lessons on a day, in order."""
        groups = Enrolment.objects.filter(student=student_id).on(day).values("group")
        return self.scheduled().filter(date=day, group__in=groups).order_by("starts_at", "pk")

    def unsettled(self, now: datetime) -> LessonQuerySet:
        """Returns cancelled lessons whose sheets may still take reports. A lesson that is a day away may be scheduled
        again."""
        return self.filter(status=Lesson.Status.CANCELLED, settled=False, starts_at__lte=now + REVIVABLE)

    def lock(self) -> list[int]:
        """Locks the rows until the transaction ends, in the order of their ids, so that batches never deadlock.

        Returns the ids. Read rows that depend on these lessons only afterwards: PostgreSQL shows joined rows as they
        were before it waited for the lock.
        """
        return list(self.select_for_update().order_by("pk").values_list("pk", flat=True))


class Lesson(SchoolRow, Owned):
    """One lesson. It is completed when a register exists for it."""

    SAME_SCHOOL = ("group",)

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", _("Scheduled")
        CANCELLED = "cancelled", _("Cancelled")

    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="lessons", verbose_name=_("group"))
    subject = models.CharField(_("subject"), max_length=100, blank=True)
    room = models.CharField(_("room"), max_length=50, blank=True)
    date = models.DateField(_("date"))
    start_time = models.TimeField(_("starts"), help_text=_("Wall time in the school's zone."))
    end_time = models.TimeField(_("ends"))
    starts_at = models.DateTimeField(_("starts at"), editable=False)
    ends_at = models.DateTimeField(_("ends at"), editable=False)
    session = models.CharField(
        _("session"),
        max_length=2,
        choices=Session.choices,
        blank=True,
        help_text=_("Only for a statutory registration period."),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.SCHEDULED)
    settled = models.BooleanField(
        default=False, editable=False, help_text=_("Cancelled, and what was reported on it is kept as rejected.")
    )

    objects = LessonQuerySet.as_manager()

    state: str  # set by `with_state` and `one_for_user`
    own: bool | None = None  # set by `for_user` and `one_for_user`
    register: Register

    class Meta:
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")
        ordering = ("starts_at", "id")
        indexes = (
            models.Index(fields=["school", "date"]),
            models.Index(fields=["group", "date"]),
            models.Index(fields=["id"], condition=Q(status="cancelled", settled=False), name="lesson_unsettled"),
        )
        constraints = (
            one_of_school(),
            one_per_source(),
            models.CheckConstraint(condition=Q(settled=False) | Q(status="cancelled"), name="lesson_settled_cancelled"),
            models.CheckConstraint(
                condition=Q(end_time__gt=F("start_time")),
                name="lesson_ends_after_start",
                violation_error_message=_("A lesson ends after it started, on the same day."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.group} {self.subject} {self.date} {self.start_time:%H:%M}"

    def clean(self) -> None:
        if self.school_id and self.date and self.start_time and self.end_time:
            if self.end_time <= self.start_time:
                raise ValidationError({"end_time": _("A lesson ends after it started, on the same day.")})
            self.set_instants()

    def set_instants(self) -> Lesson:
        """Computes `starts_at` and `ends_at` from the date and local times; call it after setting any of them."""
        self.starts_at = school_time.at(self.school.time_zone, self.date, self.start_time)
        self.ends_at = school_time.at(self.school.time_zone, self.date, self.end_time)
        return self

    @property
    def times(self) -> str:
        """Returns the local start and end."""
        return f"{self.start_time:%H:%M}–{self.end_time:%H:%M}"

    @property
    def opens_at(self) -> datetime:
        return self.starts_at - timedelta(minutes=self.school.opening_minutes)

    @property
    def closes_at(self) -> datetime:
        """Returns when the register closes: a pupil who arrives until then is late (L), afterwards U."""
        return self.starts_at + timedelta(minutes=self.school.closing_minutes)

    @property
    def school_year(self) -> int:
        return school_time.school_year(self.date)

    @property
    def is_cancelled(self) -> bool:
        return self.status == self.Status.CANCELLED

    @property
    def is_completed(self) -> bool:
        return hasattr(self, "register")

    @cached_property
    def people(self) -> list[LessonStaff]:
        """Returns its staff with their names. A list of lessons reads all staff at once (`with_people`)."""
        return list(LessonStaff.objects.named().filter(lesson=self.pk))

    def enrolled(self) -> list[Student]:
        """Returns the students enrolled that day, in the order of the register. Once a register is taken, its own
        roster counts instead. Reads only names and year groups."""
        return _enrolled(self.group_id, self.date)

    @classmethod
    def one_for_user(cls, user: User, lesson_id: int, now: datetime) -> Lesson | None:
        """Returns what `objects.for_user(user, now).with_state(now).with_people()` has for one lesson, or None. For one
        lesson this is decided here, from prepared queries; a test compares the two."""
        people = _staff(lesson_id)
        lesson = people[0].lesson if people else next(iter(_lesson(lesson_id)), None)
        if lesson is None or lesson.school_id not in user.access.acting:
            return None
        lesson.people = people
        lesson.school = user.access.in_school(lesson.school_id).school
        lesson.own = any(each.user_id == user.pk for each in lesson.people)
        lesson.state = lesson.state_at(now)
        return lesson if user.access.sees(lesson, now) else None

    def state_at(self, now: datetime) -> str:
        """Returns the state as `with_state` annotates it."""
        if self.is_completed:
            return "completed"
        if self.is_cancelled:
            return "cancelled"
        return "due" if self.opens_at <= now else "scheduled"


class LessonStaffQuerySet(models.QuerySet["LessonStaff"]):
    def named(self) -> LessonStaffQuerySet:
        """Reads only the users' names, in the order in which staff were entered."""
        return self.select_related("user").only("lesson", "kind", "user__name").order_by("id")


class StaffKind(models.TextChoices):
    TEACHER = "teacher", _("Teacher")
    ASSISTANT = "assistant", _("Assistant")
    COVER = "cover", _("Cover")


class LessonStaff(SchoolRow):
    SAME_SCHOOL = ("lesson",)

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="staff", verbose_name=_("lesson"))
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="lesson_staff", verbose_name=_("user"))
    kind = models.CharField(_("kind"), max_length=10, choices=StaffKind.choices, default=StaffKind.TEACHER)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = LessonStaffQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=["lesson", "user"], name="lesson_staff_once"),)

    def __str__(self) -> str:
        return f"{self.user} ({self.get_kind_display()})"

    def clean(self) -> None:
        if self.user_id and self.school_id and not self.user.memberships.filter(school=self.school_id).exists():
            raise ValidationError({"user": _("This person has no role in this school.")})


@prepared
def _lesson(lesson_id: int) -> LessonQuerySet:
    return Lesson.objects.select_related("group", "register").filter(pk=lesson_id)


@prepared
def _staff(lesson_id: int) -> LessonStaffQuerySet:
    """Returns the lesson's staff with their users and the lesson; nothing if the lesson has no staff."""
    lesson = ("lesson__group", "lesson__register")
    return LessonStaff.objects.filter(lesson=lesson_id).select_related("user", *lesson).order_by("id")


@prepared
def _enrolled(group_id: int, day: date) -> StudentQuerySet:
    return Student.objects.enrolled(group_id, day).only("legal_name", "preferred_name", "year_group")
