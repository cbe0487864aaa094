"""API views for tokens, and for the school's own data as lists."""

from collections.abc import Mapping
from datetime import datetime
from time import time
from typing import Any, ClassVar, cast

from django.contrib.auth import authenticate
from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lessons.accounts import authentication, keys, revoking, sign_in, tokens
from lessons.accounts.sessions import sid_of
from lessons.api import inputs, throttles
from lessons.api.answers import (
    EnrolmentJson,
    GroupJson,
    OwnedJson,
    PlannedAbsenceJson,
    PutRowJson,
    SchoolJson,
    StudentJson,
)
from lessons.api.pagination import Cursor
from lessons.api.representations import enrolment_json, group_json, planned_absence_json, school_json, student_json
from lessons.api.serializers import (
    ClientCredentialsInput,
    CredentialsInput,
    ListQuery,
    PlannedAbsenceQuery,
    RefreshInput,
)
from lessons.errors import AttendanceError, BadToken, NotAllowed
from lessons.imports import importers
from lessons.imports.putting import Importer, put
from lessons.json_types import Tokens
from lessons.models import Enrolment, Group, PlannedAbsence, School, Student, User
from lessons.models.base import signature
from lessons.roles import Scope


class SignedInView(APIView):
    """A view for a user with an access token or a session; another system also needs the scope of the method."""

    scopes: ClassVar[Mapping[str, Scope]] = {}  # by method; `read` if a method is not listed

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        if request.auth is None and not self.user.access.is_person:
            raise NotAllowed("Other systems sign in with a token.")
        scope = self.scopes.get(request.method or "", Scope.READ)
        acting = self.user.access.acting
        if acting and not any(self.may(school, scope) for school in acting):
            raise NotAllowed(f"This needs the scope “{scope}”.")

    def may(self, school_id: int, scope: Scope) -> bool:
        return self.user.access.allows(school_id, scope)

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    @property
    def sid(self) -> str:
        """Returns the sign-in of this request; tokens issued to it end with that sign-in."""
        auth = self.request.auth
        return auth.sid if isinstance(auth, tokens.AccessClaims) else sid_of(self.request._request)


class TokenView(APIView):
    """Issues tokens: by password, an access and a refresh token for one school; by a system's secret, an access token.
    Failures are counted by network after the check, successes by user, so that nobody's failures block a right secret
    or password."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def post(self, request: Request) -> Response:
        now = timezone.now()
        try:
            is_system = isinstance(request.data, dict) and "client_id" in request.data
            return Response(self._of_system(request, now) if is_system else self._of_person(request, now))
        except (AttendanceError, APIException):
            throttles.spend_unsigned(request, "token")
            raise

    def _of_person(self, request: Request, now: datetime) -> Tokens:
        given = _valid(CredentialsInput, request)
        attempt = sign_in.admit(request._request, given["username"])
        user = authenticate(request._request, username=given["username"], password=given["password"])
        if not isinstance(user, User):
            raise BadToken("The user name or the password is wrong.")
        attempt.succeeded()
        throttles.spend(user)
        school = authentication.choose_school(user, given.get("school"))
        return authentication.token_pair(user, school, now=now)

    def _of_system(self, request: Request, now: datetime) -> Tokens:
        """Issues a system's token. Its secret cannot be guessed, so other clients' tries never block it."""
        secret = _valid(ClientCredentialsInput, request)
        try:
            client = authentication.client(**secret, now=now)
        except BadToken:
            sign_in.wrong_secret(request._request, secret["client_id"])
            raise
        throttles.spend(client.user)
        return authentication.client_token(client, now=now)


class RefreshTokenView(APIView):
    """Requests with a refresh token: invalid tokens are limited by network, valid ones by sign-in."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def post(self, request: Request) -> Response:
        try:
            refresh = _valid(RefreshInput, request)["refresh"]
            claims = tokens.verify(refresh, "refresh")
        except (AttendanceError, APIException):
            throttles.spend_unsigned(request, "refresh")
            raise
        throttles.spend_family(claims["family"])
        return self.answer(refresh)

    def answer(self, refresh: str) -> Response:
        raise NotImplementedError


class RefreshView(RefreshTokenView):
    def answer(self, refresh: str) -> Response:
        return Response(authentication.rotate(refresh, now=timezone.now()))


class RevokeView(RefreshTokenView):
    """Signs out: revokes the refresh token and all tokens that it was exchanged for."""

    def answer(self, refresh: str) -> Response:
        authentication.revoke(refresh)
        return Response(status=204)


@require_safe
@cache_control(public=True, max_age=300)
def jwks(request: HttpRequest) -> JsonResponse:
    """Returns the public keys with which anybody can verify our tokens (RFC 7517)."""
    return JsonResponse(keys.jwks(tokens.current().keys, time()))


def _valid(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    body = form(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


class PutView(SignedInView):
    """Creates or changes rows of the token's school, by the ids of the system that owns them: all or none."""

    scopes: ClassVar = {"PUT": Scope.TIMETABLE}
    max_body = 1024 * 1024
    importer: type[Importer]
    body: type[inputs.Put]
    counts: tuple[str, ...] = ("created", "updated", "unchanged")

    def put(self, request: Request) -> Response:
        school = self._school()
        given = _valid(self.body, request)
        name = self.importer.name
        outcome = put(self.importer_of(school, given["source"]), given[name], now=timezone.now())
        revoking.tell_promptly()
        ids: list[PutRowJson] = [
            {"id": row.instance.pk, "external_id": row.instance.external_id} for row in outcome.rows
        ]
        return Response({**{key: getattr(outcome, key) for key in self.counts}, name: ids})

    def importer_of(self, school: School, source: str) -> Importer:
        return self.importer(school, source)

    def _school(self) -> School:
        """Returns the school that the user acts for; a user of several needs a token for one of them."""
        access = self.user.access
        schools = [each.school for pk, each in access.acting.items() if self.may(pk, Scope.TIMETABLE)]
        if len(schools) != 1:
            raise NotAllowed("This needs an access token for a school whose timetable you may change.")
        return schools[0]


class OwnedListView(SignedInView):
    """A list of the rows that the user may see, filtered by `updated_since`, `source` and `external_id`, or by the
    fields of its query."""

    query: type[ListQuery] = ListQuery
    lookups: ClassVar[Mapping[str, str]] = {"updated_since": "updated_at__gte"}  # parameters not named like a column

    def queryset(self, user: User) -> QuerySet[Any]:
        raise NotImplementedError

    def represent(self, row: Any) -> OwnedJson:
        raise NotImplementedError

    def get(self, request: Request) -> Response:
        query = self.query(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        wanted = {self.lookups.get(name, name): value for name, value in query.validated_data.items()}
        cursor = Cursor(ordering=("updated_at", "id"))
        page = cursor.paginate_queryset(self.queryset(self.user).filter(**wanted), request, self) or []
        return cursor.get_paginated_response([self.represent(row) for row in page])


class SchoolsView(OwnedListView):
    def queryset(self, user: User) -> QuerySet[School]:
        return School.objects.for_user(user).select_related("local_authority")

    def represent(self, row: School) -> SchoolJson:
        return school_json(row)


class GroupsView(OwnedListView, PutView):
    importer, body = importers.Groups, inputs.GroupsPut

    def queryset(self, user: User) -> QuerySet[Group]:
        return Group.objects.for_user(user)

    def represent(self, row: Group) -> GroupJson:
        return group_json(row)


class StudentsView(OwnedListView, PutView):
    importer, body = importers.Students, inputs.StudentsPut

    def queryset(self, user: User) -> QuerySet[Student]:
        return Student.objects.for_user(user)

    def represent(self, row: Student) -> StudentJson:
        return student_json(row, self.user.access)


class EnrolmentsView(OwnedListView, PutView):
    importer, body = importers.Enrolments, inputs.EnrolmentsPut

    def queryset(self, user: User) -> QuerySet[Enrolment]:
        return Enrolment.objects.for_user(user)

    def represent(self, row: Enrolment) -> EnrolmentJson:
        return enrolment_json(row)


class PlannedAbsencesView(OwnedListView, PutView):
    """Lists planned absences of any day from `from` to `to`. Systems put them like the timetable; so can the office,
    which also enters them on pages."""

    importer, body = importers.PlannedAbsences, inputs.PlannedAbsencesPut
    counts = (*PutView.counts, "cancelled")
    query = PlannedAbsenceQuery
    lookups: ClassVar = {**OwnedListView.lookups, "from": "last_day__gte", "to": "first_day__lte"}

    def queryset(self, user: User) -> QuerySet[PlannedAbsence]:
        return PlannedAbsence.objects.for_user(user)

    def represent(self, row: PlannedAbsence) -> PlannedAbsenceJson:
        return planned_absence_json(row, self.user.access)

    def may(self, school_id: int, scope: Scope) -> bool:
        return self.user.access.may_plan(school_id) if scope == Scope.TIMETABLE else super().may(school_id, scope)

    def importer_of(self, school: School, source: str) -> Importer:
        return importers.PlannedAbsences(school, source, signature(self.user, school.pk))
