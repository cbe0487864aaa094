"""Aggregation pipelines over closed sheets. Pure: parameters in, stages out.

Rates are sums over sums, never averages of percentages. `queries.py` computes them from the sums.
"""

from collections.abc import Collection
from datetime import date
from typing import Any

from absences.store.times import midnight

Stages = list[dict[str, Any]]

SUMMED = ("possible", "attended", "absent", "authorised", "unauthorised", "late")


def sums(by: str, *, schools: Collection[int], groups: Collection[int] | None, first: date, last: date) -> Stages:
    """Returns stages that sum registers and counts by `group` or `school`, from the first to the last day, both
    included.

    They give `{_id: <id>, registers, possible, attended, absent, authorised, unauthorised, late}`. `groups` is None for
    all groups of the schools. The match names the school, so that it goes to that school's shard, and uses the index
    `statistics`.
    """
    match: dict[str, Any] = {
        "state": "closed",
        "school": {"$in": sorted(schools)},
        "date": {"$gte": midnight(first), "$lte": midnight(last)},
    }
    if groups is not None:
        match["group"] = {"$in": sorted(groups)}
    summed: dict[str, Any] = {name: {"$sum": f"$counts.{name}"} for name in SUMMED}
    return [{"$match": match}, {"$group": {"_id": f"${by}", "registers": {"$sum": 1}, **summed}}]


def rate(part: int, whole: int) -> float | None:
    """Returns the rate from 0 to 1, to four places, or None if nothing was possible."""
    return round(part / whole, 4) if whole else None
