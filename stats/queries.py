"""Answers to statistics queries: sums from MongoDB, names and coverage from SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from absences.store import sheets
from lessons.models import Group, Lesson, School
from stats import pipelines
from stats.answers import ResultJson, SumsJson
from stats.parameters import Question


@dataclass(frozen=True)
class Answer:
    """The answer: `results` has a row for each group or school with registers, by name. `completed` of `due` lessons
    have a register."""

    question: Question
    completed: int
    due: int
    results: list[ResultJson]

    @property
    def total(self) -> SumsJson:
        """Returns the sum of all results, with its own rates."""
        rows: Sequence[Mapping[str, Any]] = self.results
        summed = {name: sum(row[name] for row in rows) for name in ("registers", *pipelines.SUMMED)}
        return _with_rates(summed)


def answer(question: Question, now: datetime) -> Answer:
    """Answers a question. Raises StoreUnavailable."""
    stages = pipelines.sums(
        question.level,
        schools=question.schools,
        groups=None if question.groups is None else question.groups.keys(),
        first=question.first,
        last=question.last,
    )
    found = sheets.summed(stages)
    names = _names(question)
    results: list[ResultJson] = [
        {"id": row["_id"], "name": names[row["_id"]], **_with_rates(row)} for row in found if row["_id"] in names
    ]
    completed, due = _coverage(question, now)
    return Answer(question, completed, due, sorted(results, key=lambda row: (row["name"], row["id"])))


def _with_rates(row: Mapping[str, Any]) -> SumsJson:
    return {
        "registers": row["registers"],
        "possible": row["possible"],
        "attended": row["attended"],
        "absent": row["absent"],
        "authorised": row["authorised"],
        "unauthorised": row["unauthorised"],
        "late": row["late"],
        "attendance_rate": pipelines.rate(row["attended"], row["possible"]),
        "absence_rate": pipelines.rate(row["absent"], row["possible"]),
    }


def _names(question: Question) -> dict[int, str]:
    named: Mapping[int, Group | School] = question.schools
    if question.level == "group" and question.groups is not None:
        named = question.groups
    return {pk: each.name for pk, each in named.items()}


def _coverage(question: Question, now: datetime) -> tuple[int, int]:
    """Returns how many registers are completed and how many are due: lessons that have begun and were not cancelled, or
    have a register."""
    lessons = Lesson.objects.filter(
        school__in=question.schools.keys(), date__gte=question.first, date__lte=question.last
    )
    if question.groups is not None:
        lessons = lessons.filter(group__in=question.groups.keys())
    begun = Q(status=Lesson.Status.SCHEDULED, starts_at__lte=now)
    counted = lessons.aggregate(
        completed=Count("pk", filter=Q(register__isnull=False)),
        due=Count("pk", filter=Q(register__isnull=False) | begun),
    )
    return counted["completed"], counted["due"]
