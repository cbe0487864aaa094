"""Reading registers, and amending them."""

from datetime import datetime
from typing import ClassVar

from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.fields import DateTimeField
from rest_framework.request import Request
from rest_framework.response import Response

from absences.api.answers import AmendmentJson, AmendmentsJson
from absences.api.once import Once
from absences.api.representations import amendment_json, amendments_json, register_json
from absences.api.serializers import AmendmentInput, AmendmentsInput, ReasonInput
from absences.registers import amendments, merging
from lessons.api.pagination import Cursor
from lessons.api.views import SignedInView
from lessons.errors import InvalidInput, NotFound
from lessons.models import Amendment, Lesson, User
from lessons.registers.state import state_of
from lessons.roles import Scope


class RegisterView(SignedInView):
    """Returns the register as it is, or with `at` as it was then."""

    def get(self, request: Request, lesson: int) -> Response:
        found = _with_register(self.user, lesson)
        merged = merging.existing(found)
        at = _at(request)
        if at is not None and at < found.register.completed_at:
            raise NotFound("There was no register at that time.")
        stood = state_of(
            merged.register, nation=found.school.nation, marks=merged.marks, amendments=merged.amendments, at=at
        )
        return Response(register_json(merged, stood, self.user.access, already_completed=True))


class AmendmentsView(SignedInView):
    scopes: ClassVar = {"POST": Scope.AMEND}

    def get(self, request: Request, lesson: int) -> Response:
        history = _with_register(self.user, lesson).register.amendments.all()
        cursor = Cursor(ordering=("id",))
        page = cursor.paginate_queryset(history, request, self) or []
        return cursor.get_paginated_response(amendments_json(page, self.user.access))

    def post(self, request: Request, lesson: int) -> Response:
        single = not (isinstance(request.data, dict) and "amendments" in request.data)
        body = AmendmentInput(data=request.data) if single else AmendmentsInput(data=request.data)
        body.is_valid(raise_exception=True)
        items = [body.validated_data] if single else body.validated_data["amendments"]
        changes = [amendments.Change(**item) for item in items]

        def answer(made: list[Amendment]) -> AmendmentJson | AmendmentsJson:
            said = amendments_json(made, self.user.access)
            return said[0] if single else {"amendments": said}

        now = timezone.now()
        once = Once(request, self.user, now, answer)
        try:
            with once:
                amendments.amend(self.user, lesson, changes, now=now, around=once.around)
        except InvalidInput as error:
            raise error.without("/amendments/0") if single else error from None
        return once.response()


class VoidView(SignedInView):
    scopes: ClassVar = {"POST": Scope.AMEND}

    def post(self, request: Request, lesson: int) -> Response:
        body = ReasonInput(data=request.data)
        body.is_valid(raise_exception=True)
        reason = body.validated_data["reason"]

        now = timezone.now()
        once = Once(request, self.user, now, lambda made: amendment_json(made[0], self.user.access))
        with once:
            amendments.void(self.user, lesson, reason, now=now, around=once.around)
        return once.response()


def _with_register(user: User, lesson_id: int) -> Lesson:
    """Returns the lesson. Raises NotFound until it is completed, and if this user may not see it."""
    seen = Lesson.objects.for_user(user, timezone.now()).filter(pk=lesson_id, register__isnull=False)
    lesson = seen.with_people().first()
    if lesson is None:
        raise NotFound("There is no register of this lesson.")
    return lesson


def _at(request: Request) -> datetime | None:
    given = request.query_params.get("at")
    if given is None:
        return None
    try:
        return DateTimeField().run_validation(given)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise ValidationError({"at": error.detail}) from error
