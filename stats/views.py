"""The statistics page: a table with bars. The same address returns data to clients that do not ask for HTML."""

from collections.abc import Sequence

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from rest_framework.exceptions import ValidationError

from absences.web.lookup import user_of
from lessons.api import throttles
from lessons.models import Group, School, User
from stats import charts, parameters, queries
from stats.api import StatsView

MAX_SCHOOLS = 50  # a longer list would be no use to choose from

_as_data = StatsView.as_view()


@csrf_exempt  # it only reads; other methods should get 405, not an expired form
@vary_on_headers("Accept", "Authorization")
def stats(request: HttpRequest) -> HttpResponseBase:
    """Returns a page or data. `Accept` decides, but `format` or a token always gets data."""
    accepts_page = request.get_preferred_type(["application/json", "text/html"]) == "text/html"
    if not accepts_page or "Authorization" in request.headers:
        return _as_data(request)
    # A CSV link opened in a browser: a user who is signed out goes to sign-in, as from the page.
    return login_required(_as_data)(request) if request.GET.get("format") else _page(request)


@require_safe
@login_required
def _page(request: HttpRequest) -> HttpResponse:
    now, user = timezone.now(), user_of(request)
    throttles.spend(user)
    try:
        question = parameters.read(user, request.GET, now)
    except ValidationError as error:
        return render(request, "stats/wrong.html", {"errors": error.detail}, status=400)
    answer = queries.answer(question, now)
    context = {
        "answer": answer,
        "total": answer.total,
        "question": question,
        "bars": [charts.bar(row) for row in answer.results],
        "legend": charts.LEGEND,
        "levels": parameters.levels(user),
        "schools": _schools(user),
        "groups": Group.objects.for_user(user).filter(school__in=question.schools).order_by("name", "pk"),
        "csv": _with_format(request, "csv"),
    }
    return render(request, "stats/stats.html", context)


def _schools(user: User) -> Sequence[School]:
    """Returns the schools to choose from: those that the user may see, if there are between two and MAX_SCHOOLS."""
    seen = list(parameters.schools(user).order_by("name", "pk")[: MAX_SCHOOLS + 1])
    return seen if 1 < len(seen) <= MAX_SCHOOLS else []


def _with_format(request: HttpRequest, name: str) -> str:
    query = request.GET.copy()
    query["format"] = name
    return f"?{query.urlencode()}"
