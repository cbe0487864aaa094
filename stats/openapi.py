"""The statistics' part of `/api/schema`."""

from datetime import date
from typing import Annotated, Literal

from lessons.api.openapi import Operation, Operations, parameter
from lessons.json_types import Id, Keywords
from stats.answers import Basis, Level, StatisticsJson
from stats.parameters import FORMATS

OPERATIONS: Operations = {
    ("StatsView", "GET"): Operation(
        "get_statistics",
        "Attendance by group or school",
        {200: StatisticsJson},
        (400, 403, 404),
        "Rates are sums over sums, or null if nothing was possible. Coverage is registers taken of registers due."
        " With `format=csv` a file.",
        also={200: "text/csv"},
        parameters=[  # empty as the page's form sends them
            *(parameter(name, Id | Literal[""]) for name in ("school", "group")),
            *(parameter(name, date | Literal[""]) for name in ("from", "to")),
            parameter("level", Level | Literal[""]),
            parameter("basis", Basis | Literal[""]),
            parameter("format", Annotated[str, Keywords(enum=[*FORMATS])] | Literal[""]),
        ],
    ),
}
