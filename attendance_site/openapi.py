"""`/api/schema`: drf-spectacular with each app's description of its operations (`openapi.py` in each app)."""

from __future__ import annotations

from typing import Any, is_typeddict

from django.conf import settings
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer

from absences.api import openapi as absences
from lessons.api import openapi as lessons
from lessons.api.answers import ProblemJson
from lessons.api.openapi import Operation
from lessons.api.schemas import schema_of
from stats import openapi as stats

OPERATIONS = {**lessons.OPERATIONS, **absences.OPERATIONS, **stats.OPERATIONS}
PROBLEM = "application/problem+json"
WHY = {
    400: "A field, a query or the body is wrong: `errors` says where.",
    401: "The token is missing, broken, expired or of another kind, or revoked by a change to the account.",
    403: "The user's role or the client's scope does not allow this.",
    404: "Not found, or not visible to this user.",
    409: "The current state does not allow this.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Well-formed, but not valid for this lesson, school or key.",
    429: "Too many requests: try again after the seconds in `Retry-After`.",
    503: "A store did not answer: try again after `Retry-After`; repeating the request is safe.",
}
TAGS = {"token": "tokens", "stats": "statistics", "changes": "records", "absences": "reports"}


class Schema(AutoSchema):
    @property
    def operation(self) -> Operation:
        """Returns the view's operation. Raises KeyError for a method without a description."""
        return OPERATIONS[type(self.view).__name__, self.method]

    def get_operation_id(self) -> str:
        return self.operation.id

    def get_summary(self) -> str:
        return self.operation.summary

    def get_description(self) -> str:  # type: ignore[override]  # as its superclass does
        return self.operation.description

    def get_tags(self) -> list[str]:
        parts = self.path.removeprefix("/api/v1/").split("/")
        if "absences" in parts:
            return ["reports"]
        if "register" in parts or "complete" in parts or parts == ["changes"]:
            return ["registers"]
        return [TAGS.get(parts[0], "timetable")]

    def get_auth(self) -> list[Any]:
        if self.operation.open:
            return []
        return list(self.operation.security or [{"access": []}, {"session": []}])

    def get_override_parameters(self) -> list[Any]:
        retry = OpenApiParameter(
            "Retry-After", int, OpenApiParameter.HEADER, response=[429, 503], description="Seconds.", required=True
        )
        return [*self.operation.parameters, retry]

    def get_request_serializer(self) -> Any:
        body = self.operation.body
        if is_typeddict(body):
            return {"application/json": schema_of(body, self.registry)}
        if isinstance(body, dict):
            [(_, kinds)] = body.items()
            name = f"{self.operation.id}_body"
            return PolymorphicProxySerializer(name, serializers=kinds, resource_type_field_name=None)
        return {"application/json": body} if body is not None else None

    def get_response_serializers(self) -> Any:
        answers: dict[Any, Any] = {}
        for status, kind in self.operation.answers.items():
            said = schema_of(kind, self.registry) if kind else None
            answers[status] = OpenApiResponse(said, description="" if kind else "Nothing.")
            if media_type := self.operation.also.get(status):
                answers[status, "application/json"] = answers.pop(status)
                answers[status, media_type] = OpenApiResponse({"type": "string"})
        problem = schema_of(ProblemJson, self.registry)
        for status in sorted({*self.operation.errors, 401, 429, 503}):
            answers[status, PROBLEM] = OpenApiResponse(problem, description=WHY[status])
        return answers

    def get_examples(self) -> list[OpenApiExample]:
        example = self.operation.example
        return [] if example is None else [OpenApiExample("Example", example, request_only=True)]

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False  # pages are shown in full


def with_components(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Closes the bodies and adds the security schemes (a hook of drf-spectacular)."""
    components = result["components"]
    for name, schema in components["schemas"].items():
        if name.endswith(("Input", "Put", "Item")):  # `lessons.api.serializers.Input` refuses unknown fields
            schema["additionalProperties"] = False
    components["securitySchemes"] = {
        "access": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token."},
        "ticket": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A register ticket."},
        "session": {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
    }
    return result
