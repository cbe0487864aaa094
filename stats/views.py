"""Statistics as a page: a table with bars. The same address gives JSON to whoever does not ask for a page."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from rest_framework.exceptions import ValidationError

from absences.views.pages import user_of
from stats import parameters, queries
from stats.api import StatsView

_as_json = StatsView.as_view()


@vary_on_headers("Accept")
def stats(request: HttpRequest) -> HttpResponseBase:
    """`Accept` decides; `format=csv` and a token always get data."""
    wants_page = request.get_preferred_type(["application/json", "text/html"]) == "text/html"
    if wants_page and "format" not in request.GET and "Authorization" not in request.headers:
        return _page(request)
    return _as_json(request)


@require_safe
@login_required
def _page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    try:
        question = parameters.read(user_of(request), request.GET, now)
    except ValidationError as error:
        return render(request, "stats/wrong.html", {"errors": error.detail}, status=400)
    figures = queries.figures(question, now)
    context = {
        "figures": figures,
        "question": question,
        "bars": [Bar(row, row["attendance_rate"]) for row in figures.results],
        "levels": parameters.LEVELS,
        "csv": _with_format(request, "csv"),
    }
    return render(request, "stats/stats.html", context)


@dataclass(frozen=True)
class Bar:
    """A row of the table; `width` of its bar in per cent, as SVG wants it."""

    row: dict[str, Any]
    rate: float | None

    @property
    def width(self) -> str:
        return f"{100 * (self.rate or 0):.1f}"


def _with_format(request: HttpRequest, name: str) -> str:
    query = request.GET.copy()
    query["format"] = name
    return f"?{query.urlencode()}"
