"""Pipelines are pure, use the index, and name the school."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from absences.store import mongo
from lessons.factories import LessonFactory, person
from lessons.models import Lesson, Role, User
from stats import pipelines
from stats.tests.conftest import take


def stages(groups: list[int] | None = None) -> pipelines.Stages:
    return pipelines.sums("group", schools=[7, 3], groups=groups, first=date(2026, 9, 1), last=date(2027, 8, 31))


def test_the_match_names_schools_days_and_closed_sheets() -> None:
    [match, _] = stages()
    assert match["$match"]["state"] == "closed"
    assert match["$match"]["school"] == {"$in": [3, 7]}
    assert match["$match"]["date"]["$gte"].isoformat() == "2026-09-01T00:00:00+00:00"
    assert "group" not in match["$match"]
    assert stages([2, 1])[0]["$match"]["group"] == {"$in": [1, 2]}


@pytest.mark.parametrize(("part", "whole", "rate"), [(1, 3, 0.3333), (0, 5, 0.0), (5, 5, 1.0), (0, 0, None)])
def test_rates_have_four_places(part: int, whole: int, rate: float | None) -> None:
    assert pipelines.rate(part, whole) == rate


@pytest.mark.django_db(transaction=True)
def test_the_index_leads_to_the_schools_own_sheets_alone(taken: Lesson, office: User, now: datetime) -> None:
    elsewhere = LessonFactory.create(students=1)
    take(elsewhere, person(elsewhere.school, Role.OFFICE, "otto"), {}, now)
    earlier = LessonFactory.create(group=taken.group, date=date(2026, 8, 31))
    take(earlier, office, {}, earlier.starts_at)
    year = {"first": date(2026, 9, 1), "last": date(2027, 8, 31)}
    plan = explained(pipelines.sums("group", schools=[taken.school_id], groups=[taken.group_id], **year))
    assert set(each("indexName", list(each("winningPlan", plan)))) == {"statistics"}
    assert max(each("totalDocsExamined", plan)) == 1


def explained(stages: pipelines.Stages) -> Any:
    """Returns the server's own plan; `queries.py` names the index as well."""
    command = {"aggregate": "sheets", "pipeline": stages, "cursor": {}}
    return mongo.database().command("explain", command, verbosity="executionStats")


def each(key: str, within: Any) -> Iterator[Any]:
    """Yields all values of a key, at any depth."""
    if isinstance(within, dict):
        if key in within:
            yield within[key]
        within = list(within.values())
    if isinstance(within, list):
        for inner in within:
            yield from each(key, inner)
