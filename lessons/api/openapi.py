"""The building blocks of `/api/schema`, and this app's operations.

Responses are described by the types that the views return, bodies and queries by the serializers that read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.utils import OpenApiParameter

from lessons.api import inputs
from lessons.api.answers import EnrolmentJson, GroupJson, Page, PlannedAbsenceJson, PutRowJson, SchoolJson, StudentJson
from lessons.api.schemas import schema_of
from lessons.api.serializers import (
    ClientCredentialsInput,
    CredentialsInput,
    ListQuery,
    PlannedAbsenceQuery,
    RefreshInput,
)
from lessons.json_types import Count, Keywords, Tokens


@dataclass(frozen=True)
class Operation:
    """One method of one view. `answers` are types by status; `errors` lists the possible problems besides 401, 429
    and 503.

    `open` needs no token; `also` names a second media type of an answer, by status.
    """

    id: str
    summary: str
    answers: Mapping[int, Any]
    errors: Sequence[int] = ()
    description: str = ""
    body: Any = None
    example: Any = None
    parameters: Sequence[Any] = field(default=())
    open: bool = False
    also: Mapping[int, str] = field(default_factory=dict)
    security: Sequence[Mapping[str, Sequence[str]]] | None = None


Operations = dict[tuple[str, str], Operation]


def parameter(name: str, hint: Any, description: str = "") -> OpenApiParameter:
    """Returns a query parameter of this type."""
    return OpenApiParameter(name, schema_of(hint, ComponentRegistry()), description=description)


CURSOR = [
    OpenApiParameter("cursor", str, description="The start of the page, from `next` or `previous`."),
    parameter("page_size", Annotated[int, Keywords(minimum=1, default=100)], "At most 500."),
]
LIST = [ListQuery, *CURSOR]

PUT_COUNTS = dict.fromkeys(("created", "updated", "unchanged"), Count)

LISTED = "Sorted by last change: follow `next`, and later use `updated_since`, to keep a copy up to date."
PUT = (
    "Creates or changes rows of the token's school, identified by `source` and `external_id`: all or none, 1 to 500 in"
    " a body of at most 1 MiB. A field that is left out keeps its value. Needs the scope `timetable`."
)


PLANNED_LISTED = (
    "With `from` and `to`, the absences of any day in between, both included. A cancelled one is no longer listed."
    " `reason` is for the office and for systems with the scope `notes`; for others it is empty."
)
PLANNED_PUT = (
    "`student` is an external id of the same source. The absence covers lessons that start from `from_time` and before"
    " `until_time`, or whole days without these; at most 400 days. With `cancelled`, no other field is needed: the plan"
    " is deleted, and marks made from it stay. The office may put planned absences too."
)


def listed(plural: str, answer: Any, parameters: Sequence[Any] = LIST, more: str = "") -> Operation:
    return Operation(
        f"list_{plural}",
        f"{plural.replace('_', ' ').capitalize()} that the user may see",
        {200: answer},
        (400, 403, 404),
        f"{LISTED} {more}".strip(),
        parameters=parameters,
    )


def put(plural: str, body: Any, example: Any, more: str = "", **counts: Any) -> Operation:
    return Operation(
        f"put_{plural}",
        f"Put {plural.replace('_', ' ')}",
        {200: {**PUT_COUNTS, **counts, plural: list[PutRowJson]}},
        (400, 403, 409, 413, 415, 422),
        f"{PUT} {more}".strip(),
        body,
        {"source": "mis", plural: [example]},
    )


ADA = {"external_id": "s1", "legal_name": "Ada Okafor", "year_group": 8, "on_roll_from": "2026-09-01"}

DENTIST = {
    "external_id": "p1",
    "student": "s1",
    "first_day": "2026-09-14",
    "last_day": "2026-09-14",
    "until_time": "11:00",
    "code": "M",
    "reason": "Dentist",
}

OPERATIONS: Operations = {
    ("TokenView", "POST"): Operation(
        "token",
        "Sign in",
        {200: Tokens},
        (400, 403, 413, 415),
        "A person's name and password give `access` (10 minutes, one school) and `refresh` (12 hours); a system's"
        " `client_id` and `client_secret` give `access` and `expires_in`. `username` is not case-sensitive."
        " A person’s tries are limited by account and network.",
        {"oneOf": [CredentialsInput, ClientCredentialsInput]},
        {"client_id": "client-0123456789abcdef", "client_secret": "shown once in the admin"},
        open=True,
    ),
    ("RefreshView", "POST"): Operation(
        "refresh_token",
        "New tokens for a refresh token",
        {200: Tokens},
        (400, 413, 415),
        "A refresh token can be used once. Within ten seconds, repeating the request returns the same refresh token, so"
        " that a lost answer can be fetched again; after that, it ends all tokens of the sign-in.",
        RefreshInput,
        {"refresh": "eyJ..."},
        open=True,
    ),
    ("RevokeView", "POST"): Operation(
        "revoke_token",
        "Sign out",
        {204: None},
        (400, 413, 415),
        "Ends the refresh token, and the access tokens and register tickets that came from it.",
        RefreshInput,
        {"refresh": "eyJ..."},
        open=True,
    ),
    ("SchoolsView", "GET"): listed("schools", Page[SchoolJson]),
    ("GroupsView", "GET"): listed("groups", Page[GroupJson]),
    ("StudentsView", "GET"): listed("students", Page[StudentJson]),
    ("EnrolmentsView", "GET"): listed("enrolments", Page[EnrolmentJson]),
    ("GroupsView", "PUT"): put("groups", inputs.GroupsPut, {"external_id": "8A", "name": "8A/Ma1", "year_group": 8}),
    ("StudentsView", "PUT"): put("students", inputs.StudentsPut, ADA),
    ("EnrolmentsView", "PUT"): put(
        "enrolments",
        inputs.EnrolmentsPut,
        {"external_id": "e1", "student": "s1", "group": "8A", "starts_on": "2026-09-01"},
    ),
    ("PlannedAbsencesView", "GET"): listed(
        "planned_absences", Page[PlannedAbsenceJson], [PlannedAbsenceQuery, *CURSOR], PLANNED_LISTED
    ),
    ("PlannedAbsencesView", "PUT"): put(
        "planned_absences", inputs.PlannedAbsencesPut, DENTIST, PLANNED_PUT, cancelled=Count
    ),
}
