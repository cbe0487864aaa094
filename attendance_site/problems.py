"""Error responses: RFC 9457 problems under `/api/`, pages elsewhere."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from attendance_site.logs import request_id
from lessons import errors
from lessons.api.answers import FieldErrorJson, ProblemDetail, ProblemJson
from lessons.api.strict_json import content_length
from lessons.database.recording import SQL_AWAY, unavailable

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
CUT_SHORT = gettext_lazy("The connection was lost before the whole form arrived. Nothing was saved.")
MOST_ERRORS = 500  # at most: a body of 1 MiB can hold a hundred times as many

STATUS: dict[type[Exception], int] = {
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.BadToken: 401,
    errors.TooMany: 429,
    errors.TooLarge: 413,
    errors.Malformed: 400,
    errors.Unprocessable: 422,
    errors.InvalidInput: 400,
    errors.Conflict: 409,
    errors.StoreUnavailable: 503,
}


class DomainErrors:
    """Answers errors raised by a page's view, bodies that are too large (413, unread) and incomplete forms (400). API
    views use `exception_handler`."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if content_length(request.META) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return answer(request, errors.TooLarge(_("The body is larger than any address takes.")))
        if request.content_type in FORMS and not _is_whole(request):
            return answer(request, errors.Malformed(str(CUT_SHORT)))
        return self.get_response(request)  # type: ignore[no-any-return]

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, (errors.AttendanceError, *SQL_AWAY)):
            return answer(request, translated(exception))
        return None


def _is_whole(request: HttpRequest) -> bool:
    """Returns whether the whole body arrived. If the sender has gone, Django reads the missing fields as empty; in a
    register those would be pupils whom nobody saw."""
    try:
        return len(request.body) == content_length(request.META)
    except UnreadablePostError:
        return False


def exception_handler(exception: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answers our errors and DRF's (DRF's hook). Django logs any other and answers it with `failed`."""
    request = context["request"]
    if isinstance(exception, UnreadablePostError):
        exception = errors.Malformed(str(CUT_SHORT))
    elif isinstance(exception, Http404):
        exception = exceptions.NotFound()
    elif isinstance(exception, PermissionDenied):
        exception = exceptions.PermissionDenied()
    if isinstance(exception, exceptions.APIException):
        set_rollback()
        headers = {}
        if authenticate := getattr(exception, "auth_header", None):
            headers["WWW-Authenticate"] = authenticate
        if wait := getattr(exception, "wait", None):
            headers["Retry-After"] = str(int(wait) + 1)
        body = problem(request, exception.status_code, _of_drf(exception))
        return Response(body, body["status"], headers=headers, content_type=CONTENT_TYPE)
    if isinstance(exception, (errors.AttendanceError, *SQL_AWAY)):
        set_rollback()
        known = translated(exception)
        body = problem(request, status_of(known), _of_ours(known))
        return Response(body, body["status"], headers=_headers(known), content_type=CONTENT_TYPE)
    return None


def translated(exception: Exception) -> errors.AttendanceError:
    """Returns an error of the SQL driver as one of ours; returns ours unchanged."""
    if isinstance(exception, errors.AttendanceError):
        return exception
    log.error("SQL did not answer: %s", type(exception).__name__)
    return unavailable()


def answer(request: HttpRequest, error: errors.AttendanceError) -> HttpResponse:
    """Returns the page or the problem for an error."""
    return _answer(request, status_of(error), _of_ours(error), _headers(error))


def status_of(error: errors.AttendanceError) -> int:
    return next(status for known, status in STATUS.items() if isinstance(error, known))


def problem(request: Any, status: int, said: ProblemDetail) -> ProblemJson:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        **said,
        "instance": request.path,
        "request_id": request_id(),
    }


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, {"detail": _("This request could not be understood.")})


def forbidden(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    """Answers 403, also for Django when a form comes without its CSRF token."""
    detail = (
        _("This form has expired. Go back, reload the page and send it again.") if reason else _("You may not do this.")
    )
    return _answer(request, 403, {"detail": detail})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, {"detail": _("There is nothing at this address.")})


def failed(request: HttpRequest) -> HttpResponse:
    """Answers any other error, and errors that middleware raises when a store is unavailable."""
    exception = sys.exc_info()[1]
    if isinstance(exception, (errors.AttendanceError, *SQL_AWAY)):
        return answer(request, translated(exception))
    return _answer(request, 500, {"detail": _("Something went wrong on our side. It has been noted.")})


def _answer(
    request: HttpRequest, status: int, said: ProblemDetail, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    body = problem(request, status, said)
    if request.path.startswith("/api/"):
        return JsonResponse(body, status=status, headers=headers, content_type=CONTENT_TYPE)
    response = render(request, "error.html", {"problem": body}, status=status)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def _headers(error: errors.AttendanceError) -> dict[str, str]:
    if isinstance(error, errors.StoreUnavailable | errors.TooMany):
        return {"Retry-After": str(error.retry_after)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, errors.BadToken) else {}


def _of_ours(error: errors.AttendanceError) -> ProblemDetail:
    said: ProblemDetail = {"detail": error.detail}
    if isinstance(error, errors.InvalidInput):
        said["errors"] = [
            {"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in error.errors[:MOST_ERRORS]
        ]
    if isinstance(error, errors.OtherMark):
        said["mark"] = error.mark
    return said


def _of_drf(error: exceptions.APIException) -> ProblemDetail:
    if not isinstance(error, exceptions.ValidationError):
        return {"detail": str(error.detail)}
    flat = list(_flattened(error.detail))
    detail = flat[0]["detail"] if len(flat) == 1 else f"{len(flat)} fields are not valid."
    return {"detail": detail, "errors": flat[:MOST_ERRORS]}


def _flattened(detail: Any, pointer: str = "") -> Iterator[FieldErrorJson]:
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _flattened(value, pointer if key == "non_field_errors" else f"{pointer}/{key}")
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, value in enumerate(detail):
            nested = isinstance(value, Mapping | list)
            yield from _flattened(value, f"{pointer}/{index}" if nested else pointer)
    else:
        yield {"pointer": pointer, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}
