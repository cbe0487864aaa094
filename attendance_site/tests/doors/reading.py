"""Secrets planted in a school, and what each answer lets its reader see of them."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections import defaultdict
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from django.urls import resolve

from attendance_site.tests.doors.asking import ask, routes, same_cookies, undone
from attendance_site.tests.doors.world import PUPIL, Place
from lessons import codes
from lessons.models import FeedCounter, PlannedAbsence
from lessons.tests.registers import amend, take

# Queries to try besides the plain address, by GET: those that make it show more.
QUERIES: Mapping[str, tuple[str, ...]] = {
    "api/v1/changes": ("?school={school}",),
    "api/v1/lessons": ("?with=marked",),
    "api/v1/lessons/<id:lesson>/register": ("?at={now}",),
    "api/v1/planned-absences": ("?student={student}", "?from={day}&to={day}"),
    "board/": ("?school={school}&period=day",),
    "board/state": ("?school={school}&period=day",),
    "evacuation/": ("?school={school}",),
    "follow-up/": ("?school={school}&all=1",),
    "follow-up/calls": ("?school={school}",),
    "front-desk/": ("?school={school}&q={pupil}",),
    "lessons/<id:lesson>/": ("?fresh", "?at={now}"),
    "planned-absences/": ("?school={school}", "?school={school}&past=1"),
    "planned-absences/add": ("?school={school}&q={pupil}",),
    "search": ("?q={pupil}",),
    "stats": ("?format=csv", "?format=json&level=group"),
    "students/<id:student>/": ("?all=1",),
}
TOKEN = re.compile(r"[\w-]{12,}", re.ASCII)


@dataclass(frozen=True)
class Planted:
    """The secrets of a school: `planned` is the reason of a planned absence, `given` the reason of an office's
    amendment, as when it confirms a plan."""

    planned: str
    given: str
    upn: str

    @classmethod
    def at(cls, place: Place, name: str) -> Planted:
        planted = cls(f"Oncology{name}", f"Chemotherapy{name}", place.student.upn)
        PlannedAbsence.objects.filter(pk=place.plan.pk).update(reason=planted.planned)
        office = {"by_id": place.office.pk, "by_name": place.office.name}
        numbers = {"feed_number": place.taken.pk + 1, "rev": 2}
        amend(place.taken.register, place.student, "I", "M", reason=planted.given, **numbers, **office)
        FeedCounter.objects.update_or_create(school=place.school, defaults={"last_number": numbers["feed_number"]})
        group, name = place.due.group, place.school.name
        take(place.lesson(group, name), absent={place.student: codes.ABSENT})  # still needs a reason
        take(place.lesson(group, name), unstated=[place.student.pk])  # shows on the board
        return planted

    def within(self, text: str) -> Iterator[str]:
        """Yields the names of the secrets in a text."""
        yield from (name for name, secret in vars(self).items() if secret in text)


def readable(answer: Any) -> str:
    """Returns everything readable in an answer: status, headers, cookies, body, and the decoded parts of tokens."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = f"{answer.status_code} {answer.headers} {answer.cookies} {body.decode()}"
    return text + "".join(_decoded(token) for token in TOKEN.findall(text))


def _decoded(token: str) -> str:
    """Decodes a part of a token or ticket, which is JSON in base64."""
    try:
        return urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except ValueError:
        return ""


def read(client: Client, place: Place, planted: Planted, only: str = "") -> tuple[int, dict[str, set[str]]]:
    """Returns the number of answers read, and for each secret the addresses that showed it. `only` limits the addresses
    to those that begin with it."""
    asked, found, who = 0, defaultdict(set), client.get("/session").status_code
    for pattern, method in routes():
        if not pattern.startswith(only):
            continue
        for where, query in _ways(pattern, method, place):
            with undone():
                for address, text in _said(client, pattern, method, where, query):
                    asked += 1
                    for name in planted.within(text):
                        found[name].add(address)
    assert client.get("/session").status_code == who, "signed out on the way: the other requests had no user"
    return asked, dict(found)


def _ways(pattern: str, method: str, place: Place) -> Iterator[tuple[Place, str]]:
    """Yields the plain address and each of its queries, for a lesson that is due and for one with a register."""
    queries = ("", *QUERIES.get(pattern, ())) if method == "GET" else ("",)
    places = [place]
    if "<id:lesson>" in pattern:
        other = copy(place)
        other.due, other.taken = place.taken, place.due
        places.append(other)
    now = place.taken.ends_at.isoformat().replace("+00:00", "Z")
    said = {"school": place.school.pk, "student": place.student.pk, "day": place.due.date, "pupil": PUPIL, "now": now}
    yield from ((where, query.format(**said)) for where in places for query in queries)


def _said(client: Client, pattern: str, method: str, place: Place, query: str) -> Iterator[tuple[str, str]]:
    """Yields the answer with its address, and the page that it redirects to with its own."""
    answer = ask(client, pattern, method, place, query=query)
    yield f"{method} {pattern}", readable(answer)
    if answer.status_code == 302:
        path = answer["Location"]
        with same_cookies(client):
            yield f"GET {resolve(urlsplit(path).path).route}", readable(client.get(path))
