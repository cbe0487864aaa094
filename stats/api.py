"""Statistics as JSON and CSV."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from lessons import spreadsheets
from lessons.api.views import SignedInView
from stats import parameters, pipelines, queries
from stats.answers import StatisticsJson
from stats.queries import Answer

COLUMNS = ("id", "name", "registers", *pipelines.SUMMED, "attendance_rate", "absence_rate")


class AnyAccept(DefaultContentNegotiation):
    """Ignores `Accept` in favour of `format`: a browser that follows a CSV link asks for HTML."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class StatsView(SignedInView):
    content_negotiation_class = AnyAccept

    def get(self, request: Request) -> Response | HttpResponse:
        now = timezone.now()
        answer = queries.answer(parameters.read(self.user, request.query_params, now), now)
        return as_csv(answer) if request.query_params.get("format") == "csv" else Response(as_json(answer))


def as_json(answer: Answer) -> StatisticsJson:
    return {
        "level": answer.question.level,
        "basis": "lesson",
        "from": answer.question.first,
        "to": answer.question.last,
        "coverage": {"completed": answer.completed, "due": answer.due},
        "results": answer.results,
    }


def as_csv(answer: Answer) -> HttpResponse:
    rows: Sequence[Mapping[str, Any]] = answer.results
    name = f"attendance-{answer.question.level}-{answer.question.first}-{answer.question.last}"
    return spreadsheets.as_csv(name, COLUMNS, ([row[column] for column in COLUMNS] for row in rows))
