"""Completing a lesson over HTTP."""

from typing import ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from absences.api.representations import register_json
from absences.api.serializers import CompletionInput
from absences.registers import completion
from absences.registers.completion import Others
from lessons.api.views import SignedInView
from lessons.roles import Scope


class CompleteView(SignedInView):
    scopes: ClassVar = {"POST": Scope.COMPLETE}

    def post(self, request: Request, lesson: int) -> Response:
        body = CompletionInput(data=request.data)
        body.is_valid(raise_exception=True)
        completed = completion.complete(
            self.user,
            lesson,
            now=timezone.now(),
            roster_seen=body.validated_data.get("roster_seen"),
            others=Others(body.validated_data["others"]),
            taken_at=body.validated_data.get("taken_at"),
        )
        merged, again = completed.merged, completed.already_completed
        return Response(register_json(merged, merged.state, self.user.access, already_completed=again))
