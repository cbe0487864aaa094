"""Lessons, each with its roster and its ticket."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from absences.api.answers import LessonWithRosterJson
from absences.api.representations import lesson_json, roster_json
from absences.api.serializers import LessonQuery, lessons_matching
from absences.reporting import tickets
from absences.store import marks
from lessons.api import inputs
from lessons.api.pagination import Cursor
from lessons.api.views import PutView, SignedInView
from lessons.errors import NotFound
from lessons.imports.timetable import Lessons
from lessons.models import Lesson, PlannedAbsence, User
from lessons.models.planned import suggested


class LessonsView(PutView):
    """Lists the lessons that the user may see, by date and filters; with `with=marked`, also how many students have a
    mark."""

    importer, body = Lessons, inputs.LessonsPut

    def get(self, request: Request) -> Response:
        now = timezone.now()
        query = LessonQuery(data=request.query_params.dict(), context={"user": self.user})
        query.is_valid(raise_exception=True)
        seen = Lesson.objects.for_user(self.user, now).with_state(now).with_people()
        cursor = Cursor(ordering=("starts_at", "id"))
        schools = [acting.school for acting in self.user.access.acting.values()]
        found = lessons_matching(seen, query.validated_data, schools, now)
        page: list[Lesson] = cursor.paginate_queryset(found, request, self) or []
        marked = _marked(page) if query.validated_data.get("with") else {}
        return cursor.get_paginated_response([lesson_json(lesson, marked.get(lesson.pk)) for lesson in page])


class LessonView(SignedInView):
    def get(self, request: Request, lesson: int) -> Response:
        now = timezone.now()
        found = seen_lesson(self.user, lesson, now)
        students = found.enrolled()
        planned = PlannedAbsence.objects.of_lesson(found)
        known = marks.if_known(marks.by_lesson, [found])
        current = [] if known is None else known.get(found.pk, [])
        roster = [student.pk for student in students]
        answer: LessonWithRosterJson = {
            **lesson_json(found, None if known is None else len(current)),
            "roster": roster_json(students, planned, self.user.access),
            "ticket": tickets.issue(self.user, found, roster, now, suggested(planned), current, sid=self.sid),
        }
        return Response(answer)


def seen_lesson(user: User, lesson_id: int, now: datetime) -> Lesson:
    """Returns the lesson. Raises NotFound if this user may not see it."""
    lesson = Lesson.one_for_user(user, lesson_id, now)
    if lesson is None:
        raise NotFound("There is no such lesson.")
    return lesson


def _marked(lessons: Sequence[Lesson]) -> Mapping[int, int]:
    """Returns how many students have a mark, by lesson; nothing if MongoDB does not answer, as the rest is still
    right."""
    known = marks.if_known(marks.count_by_lesson, lessons)
    return {} if known is None else {lesson.pk: known.get(lesson.pk, 0) for lesson in lessons}
