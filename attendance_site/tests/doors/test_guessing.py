"""Guessing ids of the other school, and reporting to its lessons."""

import re
from datetime import date, time, timedelta
from typing import Any

import bson
import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from django.utils import timezone

from absences.repair import reconcile
from absences.store import mongo
from absences.store.sheets import ORPHAN_AFTER
from attendance_site.tests.doors.asking import REPORTING, routes
from attendance_site.tests.doors.bodies import body
from attendance_site.tests.doors.world import Place, World, with_session, with_token
from lessons.models import Lesson, Notice, PlannedAbsence, Student
from lessons.models.base import signature

pytestmark = pytest.mark.django_db

PLACE = re.compile(r"<id:(\w+)>")


@pytest.fixture
def world() -> World:
    return World()


def many(place: Place, count: int) -> dict[str, list[int]]:
    """Makes many rows in a school, of each kind that an address names."""
    school, group, day = place.school, place.due.group, date(2026, 9, 14)
    when: dict[str, Any] = {"date": day, "start_time": time(9), "end_time": time(10)}
    said: dict[str, Any] = {"year_group": 8, "on_roll_from": date(2020, 9, 1)}
    away: dict[str, Any] = {"student": place.student, "first_day": day, "last_day": day, "code": "M"}
    told: dict[str, Any] = {"kind": "someone_else", "lesson": place.due, "made_at": timezone.now()}
    by = signature(place.teacher, school.pk)
    rows: dict[str, list[Any]] = {
        "lesson": [Lesson(school=school, group=group, **when).set_instants() for _ in range(count)],
        "student": [Student(school=school, legal_name=f"Guess {n}", **said) for n in range(count)],
        "plan": [PlannedAbsence(school=school, **away, **by) for _ in range(count)],
        "notice": [Notice(school=school, text=f"Guess {n}", **told, **by) for n in range(count)],
    }
    return {name: [row.pk for row in type(made[0]).objects.bulk_create(made)] for name, made in rows.items()}


@pytest.mark.parametrize(
    "count", [pytest.param(5, id="short"), pytest.param(1000, id="thousand", marks=pytest.mark.slow)]
)
def test_every_id_of_the_other_school_is_404(count: int, world: World) -> None:
    """At each address that looks up an object in SQL, with each method, as a user with the widest role in their own
    school."""
    ids = many(world.foreign, count)
    session = with_session(world.users["admin"])
    asked, found = 0, []
    for pattern, method in routes():
        if "<id:" not in pattern or pattern.startswith(REPORTING):
            continue
        client = with_token(world.token(world.users["client"]))  # its own session, which the requests below do not end
        named, asked_here = PLACE.findall(pattern), 0
        for guess in range(count):
            path = "/" + PLACE.sub(lambda place, guess=guess: str(ids[place[1]][guess]), pattern)  # type: ignore[misc]
            by: Any = client if pattern.startswith("api/") else session
            sent: dict[str, Any] = {}
            if pattern.startswith("api/") and method in ("POST", "PUT"):
                sent = {"data": body(pattern, method, world.foreign), "content_type": "application/json"}
            answer = getattr(by, method.lower())(path, **sent)
            if answer.status_code == 405:
                break
            asked_here += 1
            if answer.status_code != 404:
                found.append((method, path, answer.status_code))
        assert named and asked_here in (0, count)
        asked += asked_here
    print(f"asked {asked} times for {count} lessons, students, plans and notices of another school; {len(found)} found")
    assert not found and asked >= 30 * count


def test_a_report_to_a_foreign_lesson_ends_as_an_orphan_of_the_own_school(world: World) -> None:
    """The other school's sheet stays the same, byte for byte."""
    own, foreign = world.own, world.foreign
    theirs = with_token(world.token(world.users["foreign office"]))
    path = f"/api/v1/lessons/{foreign.due.pk}/absences/{foreign.student.pk}"
    assert theirs.put(path, {"code": "I", "note": "theirs"}, content_type="application/json").status_code == 202
    before = raw(foreign)
    ours = with_token(world.token(world.users["office"]))
    for code in ("N", "L", "/"):
        assert ours.put(path, {"code": code}, content_type="application/json").status_code == 202
    assert ours.get(f"/api/v1/lessons/{foreign.due.pk}/absences").json()["absences"][0]["note"] == ""
    assert raw(foreign) == before
    reconcile.reconcile(timezone.now() + ORPHAN_AFTER + timedelta(minutes=1))
    [orphan] = mongo.orphans().find()
    assert (orphan["school"], orphan["lesson"]) == (own.school.pk, foreign.due.pk)
    checked = {name: value for name, value in bson.decode(before).items() if name != "orphan_check_at"}
    assert bson.decode(raw(foreign)) == checked


def test_a_lesson_is_not_squatted_on(world: World) -> None:
    """A report to an id before its lesson exists does not block that lesson."""
    own, foreign = world.own, world.foreign
    to_be = Lesson.objects.order_by("-pk").values_list("pk", flat=True)[0] + 1
    squatter = with_token(world.token(world.users["foreign client"]))
    path = f"/api/v1/lessons/{to_be}/absences/{own.student.pk}"
    assert squatter.put(path, {"code": "N"}, content_type="application/json").status_code == 202
    lesson = own.lesson(own.due.group, "Hawthorn")
    assert lesson.pk == to_be and foreign.school != own.school
    client = with_token(world.token(world.users["office"]))
    register = client.post(f"/api/v1/lessons/{to_be}/complete", content_type="application/json").json()
    assert (register["marks"], register["rejected"], register["counts"]["absent"]) == ([], [], 0)


def raw(place: Place) -> bytes:
    """Returns the sheet of the school's due lesson as it is stored."""
    sheets = mongo.sheets().with_options(codec_options=CodecOptions(document_class=RawBSONDocument))
    found = sheets.find_one({"school": place.school.pk, "lesson": place.due.pk})
    assert found is not None
    return bytes(found.raw)
