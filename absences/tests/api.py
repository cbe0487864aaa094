"""The API as clients use it: JSON in and out, with a bearer token."""

import json
from datetime import time
from typing import Any

from django.test import Client
from django.utils import timezone

from absences.reporting import tickets
from lessons.accounts import authentication
from lessons.calendar import school_time
from lessons.factories import LessonFactory
from lessons.models import Lesson, School, User


class Api:
    """A client that sends one token: none if `user` is None, a register ticket if `ticket` is given."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token
        self.client = Client(headers={"authorization": f"Bearer {token}"} if token else None)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query)

    def put(self, path: str, body: Any = None) -> Any:
        return self.client.put(path, dumps(body), content_type="application/json")

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(path, dumps(body), content_type="application/json")

    def delete(self, path: str) -> Any:
        return self.client.delete(path)


def dumps(body: Any) -> str | bytes:
    return body if isinstance(body, str | bytes) else json.dumps({} if body is None else body)


def signed_in(user: User) -> Api:
    """Returns a client with an access token for the user's only school."""
    school = authentication.choose_school(user, None)
    return Api(authentication.token_pair(user, school, now=timezone.now())["access"])


def with_ticket(user: User, lesson: Lesson, roster: list[int], *, sid: str = "") -> Api:
    """Returns a client with a register ticket for a lesson that is due today."""
    ticket = tickets.issue(user, lesson, roster, timezone.now(), sid=sid)
    assert ticket is not None
    return Api(ticket)


def due_today(school: School, teacher: User, **fields: Any) -> Lesson:
    """Returns a lesson that lasts all of today, so that it is due at any hour; four students unless told otherwise."""
    fields = {"students": 4, "start_time": time(0), "end_time": time(23, 59, 59)} | fields
    today = school_time.local_date(school.time_zone, timezone.now())
    return LessonFactory.create(group__school=school, taught_by=teacher, date=today, **fields)
