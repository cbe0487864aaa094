"""The building blocks of `/api/schema`, and this app's operations.

Responses are described by hand and closed (`additionalProperties: false`), so that the fuzzer fails on an undescribed
field. Bodies and queries are described by the serializers that read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from drf_spectacular.utils import OpenApiParameter

from lessons.api import inputs
from lessons.api.serializers import (
    ClientCredentialsInput,
    CredentialsInput,
    ListQuery,
    PlannedAbsenceQuery,
    RefreshInput,
)
from lessons.converters import MAX_ID

Schema = dict[str, Any]

ID: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
TEXT: Schema = {"type": "string"}
TIME: Schema = {"type": "string", "format": "date-time"}
DATE: Schema = {"type": "string", "format": "date"}
CLOCK: Schema = {"type": "string", "pattern": r"^\d\d:\d\d:\d\d$"}
UUID: Schema = {"type": "string", "format": "uuid"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
BOOLEAN: Schema = {"type": "boolean"}


def maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def array(schema: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": schema, **more}


def closed(properties: Mapping[str, Schema], **optional: Schema) -> Schema:
    """Returns the schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": {**properties, **optional},
        "required": list(properties),
        "additionalProperties": False,
    }


def page(item: Schema, **more: Schema) -> Schema:
    link = maybe({"type": "string", "format": "uri"})
    return closed({"next": link, "previous": link, "results": array(item), **more})


@dataclass(frozen=True)
class Operation:
    """One method of one view. `answers` are schemas by status; `errors` lists the possible problems besides 401, 429
    and 503.

    `open` needs no token; `also` names a second media type of an answer, by status.
    """

    id: str
    summary: str
    answers: Mapping[int, Schema | None]
    errors: Sequence[int] = ()
    description: str = ""
    body: Any = None
    example: Any = None
    parameters: Sequence[Any] = field(default=())
    open: bool = False
    also: Mapping[int, str] = field(default_factory=dict)
    security: Sequence[Mapping[str, Sequence[str]]] | None = None


Operations = dict[tuple[str, str], Operation]

CURSOR = [
    OpenApiParameter("cursor", str, description="The start of the page, from `next` or `previous`."),
    OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "default": 100}, description="At most 500."),
]
LIST = [ListQuery, *CURSOR]

OWNED: Schema = {"source": TEXT, "external_id": TEXT, "updated_at": TIME}
YEAR: Schema = {"type": "integer", "minimum": -2, "maximum": 14}
TOKEN: Schema = {"type": "string", "pattern": r"^[\w-]+\.[\w-]+\.[\w-]+$"}
PUT_ANSWER = {"created": NUMBER, "updated": NUMBER, "unchanged": NUMBER}
PUT_ROW = closed({"id": ID, "external_id": TEXT})

COMPONENTS: dict[str, Schema] = {
    "Problem": {
        **closed(
            {
                "type": TEXT,
                "title": TEXT,
                "status": {"type": "integer"},
                "detail": TEXT,
                "instance": TEXT,
                "request_id": TEXT,
            },
            errors=array(ref("FieldError")),
            mark={"type": "object", "description": "The current mark (409)."},
        ),
        "description": "RFC 9457; `errors` lists at most 500 errors.",
    },
    "FieldError": {
        **closed({"pointer": TEXT, "code": TEXT, "detail": TEXT}),
        "description": "One wrong field: `pointer` as in RFC 6901, such as `/absences/3/code`, and a stable `code`.",
    },
    "Person": closed({"id": maybe(ID), "name": TEXT, "position": TEXT}),
    "Tokens": closed({"access": TOKEN}, refresh=TOKEN, expires_in=NUMBER),
    "School": closed(
        {
            "id": ID,
            "name": TEXT,
            "urn": TEXT,
            "nation": TEXT,
            "local_authority": TEXT,
            "time_zone": TEXT,
            **OWNED,
        }
    ),
    "Group": closed({"id": ID, "school_id": ID, "name": TEXT, "year_group": maybe(YEAR), **OWNED}),
    "Student": closed(
        {
            "id": ID,
            "school_id": ID,
            "upn": TEXT | {"description": "Empty for teachers, and without the scope `upns`."},
            "name": TEXT,
            "legal_name": TEXT,
            "preferred_name": TEXT,
            "year_group": YEAR,
            "on_roll_from": DATE,
            "on_roll_until": maybe(DATE),
            **OWNED,
        }
    ),
    "Enrolment": closed(
        {
            "id": ID,
            "school_id": ID,
            "student_id": ID,
            "group_id": ID,
            "starts_on": DATE,
            "ends_on": maybe(DATE),
            **OWNED,
        }
    ),
    "PlannedAbsence": closed(
        {
            "id": ID,
            "school_id": ID,
            "student_id": ID,
            "first_day": DATE,
            "last_day": DATE,
            "from_time": maybe(CLOCK),
            "until_time": maybe(CLOCK),
            "code": TEXT,
            "title": TEXT | {"description": "The meaning of the code."},
            "reason": TEXT | {"description": "Empty for teachers, and without the scope `notes`."},
            "by": ref("Person"),
            "made_at": TIME,
            **OWNED,
        }
    ),
}

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


def listed(name: str, plural: str, parameters: Sequence[Any] = LIST, more: str = "") -> Operation:
    return Operation(
        f"list_{plural}",
        f"{plural.replace('_', ' ').capitalize()} that the user may see",
        {200: page(ref(name))},
        (400, 403, 404),
        f"{LISTED} {more}".strip(),
        parameters=parameters,
    )


def put(plural: str, body: Any, example: Any, more: str = "", **counts: Schema) -> Operation:
    return Operation(
        f"put_{plural}",
        f"Put {plural.replace('_', ' ')}",
        {200: closed({**PUT_ANSWER, **counts, plural: array(PUT_ROW)})},
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
        {200: ref("Tokens")},
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
        {200: ref("Tokens")},
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
    ("SchoolsView", "GET"): listed("School", "schools"),
    ("GroupsView", "GET"): listed("Group", "groups"),
    ("StudentsView", "GET"): listed("Student", "students"),
    ("EnrolmentsView", "GET"): listed("Enrolment", "enrolments"),
    ("GroupsView", "PUT"): put("groups", inputs.GroupsPut, {"external_id": "8A", "name": "8A/Ma1", "year_group": 8}),
    ("StudentsView", "PUT"): put("students", inputs.StudentsPut, ADA),
    ("EnrolmentsView", "PUT"): put(
        "enrolments",
        inputs.EnrolmentsPut,
        {"external_id": "e1", "student": "s1", "group": "8A", "starts_on": "2026-09-01"},
    ),
    ("PlannedAbsencesView", "GET"): listed(
        "PlannedAbsence", "planned_absences", [PlannedAbsenceQuery, *CURSOR], PLANNED_LISTED
    ),
    ("PlannedAbsencesView", "PUT"): put(
        "planned_absences", inputs.PlannedAbsencesPut, DENTIST, PLANNED_PUT, cancelled=NUMBER
    ),
}
