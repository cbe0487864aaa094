"""Probes: `/healthz` says that this process is alive, `/readyz` that it may receive traffic."""

from collections.abc import Callable

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from absences.store import mongo
from lessons.errors import StoreUnavailable


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answers without using any store."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Checks that each store answers within its deadline and that every migration is applied; 503 if not."""
    checks = {"sql": _sql(), "migrations": "unknown", "mongodb": _ok(mongo.ping, StoreUnavailable)}
    if checks["sql"] == "ok":
        checks["migrations"] = _migrations()
    ready = set(checks.values()) == {"ok"}
    return JsonResponse({"status": "ok" if ready else "not ready", **checks}, status=200 if ready else 503)


def _sql() -> str:
    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    return _ok(ask, Error)


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    return "pending" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else "ok"


def _ok(ask: Callable[[], None], error: type[Exception]) -> str:
    try:
        ask()
    except error:
        return "unreachable"
    return "ok"
