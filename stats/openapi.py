"""The statistics' part of `/api/schema`."""

from drf_spectacular.utils import OpenApiParameter

from lessons.api.openapi import DATE, ID, NUMBER, TEXT, Operation, Operations, Schema, array, closed, maybe, ref
from stats import pipelines
from stats.parameters import FORMATS, LEVELS

RATE = maybe({"type": "number", "minimum": 0, "maximum": 1})
ROW: dict[str, Schema] = {"id": ID, "name": TEXT, "registers": NUMBER, **dict.fromkeys(pipelines.SUMMED, NUMBER)}


def _or_empty(schema: Schema) -> Schema:
    """Allows an empty value, which the page's form sends for a field left blank."""
    return {"anyOf": [schema, {"const": ""}]}


COMPONENTS: dict[str, Schema] = {
    "Statistics": closed(
        {
            "level": {"enum": list(LEVELS)},
            "basis": {"enum": ["lesson"]},
            "from": DATE,
            "to": DATE,
            "coverage": closed({"completed": NUMBER, "due": NUMBER}),
            "results": array(closed({**ROW, "attendance_rate": RATE, "absence_rate": RATE})),
        }
    )
}
OPERATIONS: Operations = {
    ("StatsView", "GET"): Operation(
        "get_statistics",
        "Attendance by group or school",
        {200: ref("Statistics")},
        (400, 403, 404),
        "Rates are sums over sums, or null if nothing was possible. Coverage is registers taken of registers due."
        " With `format=csv` a file.",
        also={200: "text/csv"},
        parameters=[
            *(OpenApiParameter(name, _or_empty(ID)) for name in ("school", "group")),
            *(OpenApiParameter(name, _or_empty(DATE)) for name in ("from", "to")),
            OpenApiParameter("level", _or_empty({"enum": list(LEVELS)})),
            OpenApiParameter("basis", _or_empty({"enum": ["lesson"]})),
            OpenApiParameter("format", _or_empty({"enum": list(FORMATS)})),
        ],
    ),
}
