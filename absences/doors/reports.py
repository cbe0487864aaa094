"""Reporting absences over HTTP: a ticket or token is verified by its signature alone, and SQL is not asked."""

from typing import Any

from django.utils import timezone
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from absences.api.answers import AcceptedJson, MarksJson
from absences.api.representations import mark_json
from absences.reporting import parse, rate_limit, service, tickets
from absences.store.marks import current_marks
from lessons.accounts.tokens import bearer
from lessons.api.strict_json import check_text
from lessons.errors import BadToken, OtherMark


class ReportingView(APIView):
    """Needs a register ticket of the lesson, or an access token of a whole-school role."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()  # throttles would ask SQL
    claims: tickets.Claims

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        token = bearer(request.META.get("HTTP_AUTHORIZATION", ""))
        if not token:
            raise BadToken("Send a register ticket or an access token as a bearer token.")
        self.claims = tickets.verify(token, timezone.now())
        rate_limit.spend(self.claims, kwargs["lesson"], reads=request.method in SAFE_METHODS)


class AbsencesView(ReportingView):
    def get(self, request: Request, lesson: int) -> Response:
        sheet = service.sheet(self.claims, lesson)
        state, rev = (sheet["state"], sheet["rev"]) if sheet else ("open", 0)
        current = [mark_json(lesson, mark, mark["state"], self.claims) for mark in current_marks(sheet)]
        answer: MarksJson = {"state": state, "rev": rev, "absences": current}
        return Response(answer)

    def post(self, request: Request, lesson: int) -> Response:
        reports = parse.parse_many(request.data, self.claims.codes_for)
        stored = service.report(self.claims, lesson, reports, timezone.now())
        accepted = sum(each.state in ("provisional", "late") for each in stored)
        absences = [mark_json(lesson, each.mark, each.state, self.claims) for each in stored]
        answer: AcceptedJson = {"accepted": accepted, "absences": absences}
        return Response(answer, status=202)


class AbsenceView(ReportingView):
    def put(self, request: Request, lesson: int, student: int) -> Response:
        return self._report(lesson, student, request.data)

    def delete(self, request: Request, lesson: int, student: int) -> Response:
        return self._report(lesson, student, _from_query(request) | {"code": "/"})

    def _report(self, lesson: int, student: int, data: Any) -> Response:
        report = parse.parse(data, student, self.claims.codes_for(student))
        stored = service.report_one(self.claims, lesson, report, timezone.now())
        if stored.state == "conflict":
            current = mark_json(lesson, stored.mark, stored.mark["state"], self.claims)
            raise OtherMark("Somebody else has marked this student in the meantime.", current)
        return Response(mark_json(lesson, stored.mark, stored.state, self.claims), status=202)


def _from_query(request: Request) -> dict[str, Any]:
    """Returns the fields of a report, from query parameters; an empty `replaces` says that the client saw no mark."""
    data: dict[str, Any] = {name: request.query_params[name] for name in request.query_params}
    for value in data.values():
        check_text(value)
    if data.get("sequence", "").isdecimal():
        data["sequence"] = int(data["sequence"][:17])
    if "replaces" in data:
        data["replaces"] = data["replaces"] or None
    return data
