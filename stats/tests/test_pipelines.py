"""Pipelines: pure, on the index, and naming the school."""

from datetime import date
from typing import Any

import pytest

from absences import mongo
from stats import pipelines


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


def test_the_index_is_used() -> None:
    plan = mongo.database().command(
        "explain", {"aggregate": "sheets", "pipeline": stages([1]), "cursor": {}}, verbosity="queryPlanner"
    )
    assert _index_of(plan) == "statistics"


def _index_of(plan: Any) -> str | None:
    if isinstance(plan, dict):
        found = plan.get("indexName") or next(filter(None, map(_index_of, plan.values())), None)
        return str(found) if found else None
    return next(filter(None, map(_index_of, plan)), None) if isinstance(plan, list) else None
