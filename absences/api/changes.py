"""The change feed, for systems that keep a copy of the record."""

from django.utils.http import parse_etags
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from absences.api.answers import ChangesJson
from absences.api.representations import change_json
from lessons.api.fields import WholeNumber
from lessons.api.pagination import Cursor
from lessons.api.serializers import Query
from lessons.api.views import SignedInView
from lessons.errors import FieldError, InvalidInput, NotAllowed
from lessons.registers import feed
from lessons.roles import WHOLE_SCHOOL


class ChangesQuery(Query):
    also_known = frozenset({"school"})

    after = serializers.RegexField(r"^[0-9]{1,18}$", default="0")
    page_size = WholeNumber(default=Cursor.page_size, min_value=1)


class ChangesView(SignedInView):
    """Lists one school's registers as they were first written, its amendments, voids and rejections, in an order
    without gaps. A client that sends the last `cursor` as `after` gets the rest. `next` is null at the end, where an
    ETag makes asking again cheap."""

    def get(self, request: Request) -> Response:
        school = self._school()
        query = ChangesQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        after = int(query.validated_data["after"])
        size = min(query.validated_data["page_size"], Cursor.max_page_size)
        last = feed.last_number(school)
        access = self.user.access
        reads = f"{access.reads_notes(school):d}{access.reads_reasons(school):d}"
        tag = f'"{school}-{after}-{last}-{size}-{reads}"'
        if tag in parse_etags(request.headers.get("If-None-Match", "")):
            return Response(status=304, headers={"ETag": tag})
        changes = feed.read(school, after=after, until=last, limit=size)
        # Short of a page there is nothing more until `last`, though a purge may have taken the latest numbers away.
        reached = changes[-1].row.feed_number if len(changes) == size else max(after, last)
        more = replace_query_param(request.build_absolute_uri(), "after", reached) if reached < last else None
        results = [change_json(change, access) for change in changes]
        answer: ChangesJson = {"next": more, "previous": None, "cursor": str(reached), "results": results}
        return Response(answer, headers={"ETag": tag})

    def _school(self) -> int:
        """Returns the school of the token; a session with several says which. Raises NotAllowed for a user who sees no
        whole school."""
        schools = self.user.access.schools(*WHOLE_SCHOOL)
        if not schools:
            raise NotAllowed("The change feed is for a school's office and for its other systems.")
        asked = self.request.query_params.get("school")
        chosen = [school for school in schools if asked in (None, str(school))]
        if len(chosen) != 1:
            raise InvalidInput([FieldError("/school", "required", "Say which of your schools you mean.")])
        return chosen[0]
