"""What `/api/schema` says of statistics."""

from drf_spectacular.utils import OpenApiParameter

from lessons.openapi import DATE, ID, NUMBER, TEXT, Operation, Operations, Schema, array, closed, maybe
from stats import pipelines
from stats.parameters import FORMATS, LEVELS, Parameters

RATE = maybe({"type": "number", "minimum": 0, "maximum": 1})
ROW: dict[str, Schema] = {"id": ID, "name": TEXT, "registers": NUMBER, **dict.fromkeys(pipelines.SUMMED, NUMBER)}

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
        {200: {"$ref": "#/components/schemas/Statistics"}},
        (400, 403, 404),
        "Rates are sum over sum, null where nothing was possible; coverage says how much was taken of what was due."
        " With `format=csv` a file.",
        parameters=[
            Parameters,
            OpenApiParameter("from", DATE),
            OpenApiParameter("to", DATE),
            OpenApiParameter("format", {"type": "string", "enum": list(FORMATS)}),
        ],
    ),
}
