"""The list of lessons, and a single lesson with its roster and ticket."""

from base64 import b64encode
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences.registers import completion
from absences.tests.api import Api, due_today, signed_in, with_ticket
from lessons.accounts import tokens
from lessons.factories import EnrolmentFactory, LessonFactory, person
from lessons.models import Lesson, Role, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


def ids(response: Any) -> list[int]:
    assert response.status_code == 200, response.content
    return [each["id"] for each in response.json()["results"]]


def test_a_lesson_in_the_list(teacher: User, lesson: Lesson) -> None:
    [shown] = signed_in(teacher).get("/api/v1/lessons").json()["results"]
    assert shown["group"] == {"id": lesson.group_id, "name": lesson.group.name}
    assert shown["teacher"] == {"id": teacher.pk, "name": "Alice Lee"}
    assert shown["staff"] == [{"id": teacher.pk, "name": "Alice Lee", "kind": "teacher"}]
    assert (shown["state"], shown["session"], shown["marked"], shown["cover"]) == ("due", None, None, False)
    assert shown["completed_at"] is None and shown["starts_at"].endswith("Z")


def test_marked_on_request(teacher: User, lesson: Lesson, roster: list[int]) -> None:
    with_ticket(teacher, lesson, roster).put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}")
    response = signed_in(teacher).client.get("/api/v1/lessons?with=marked")
    assert [each["marked"] for each in response.json()["results"]] == [1]


def test_states_are_decided_in_sql(office: User, school: School, teacher: User, lesson: Lesson) -> None:
    now = timezone.now()
    tomorrow = LessonFactory.create(group=lesson.group, date=lesson.date + timedelta(days=1))
    cancelled = LessonFactory.create(group=lesson.group, date=lesson.date, cancelled=True)
    taken = due_today(school, teacher)
    completion.complete(teacher, taken.pk, now=now)
    api = signed_in(office)
    for state, expected in [("due", lesson), ("scheduled", tomorrow), ("cancelled", cancelled), ("completed", taken)]:
        assert ids(api.get("/api/v1/lessons", state=state)) == [expected.pk]


def test_filters(office: User, teacher: User, lesson: Lesson) -> None:
    other = LessonFactory.create(group__school=lesson.school, date=date(2026, 3, 2), external_id="x1", source="mis")
    api = signed_in(office)
    assert ids(api.get("/api/v1/lessons", date="2026-03-02")) == [other.pk]
    assert ids(api.client.get("/api/v1/lessons?from=2026-03-01&to=2026-03-31")) == [other.pk]
    assert ids(api.get("/api/v1/lessons", group=lesson.group_id)) == [lesson.pk]
    assert ids(api.get("/api/v1/lessons", teacher=teacher.pk)) == [lesson.pk]
    assert ids(api.get("/api/v1/lessons", external_id="x1", source="mis")) == [other.pk]
    assert ids(api.get("/api/v1/lessons", teacher="me")) == []
    assert ids(signed_in(teacher).get("/api/v1/lessons", teacher="me")) == [lesson.pk]


@pytest.mark.parametrize(
    "query",
    [
        "date=tomorrow",
        "group=1.$set",
        "group=-1",
        "teacher=x",
        "state=gone",
        "from=1",
        "from=today",
        f"group={2**63}",
        "date=%00",
        "stat=due",
    ],
)
def test_malformed_filters_are_400(query: str, teacher: User) -> None:
    response = signed_in(teacher).client.get(f"/api/v1/lessons?{query}")
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert response.json()["errors"][0]["pointer"] == f"/{query.split('=')[0]}"


def test_pages_by_cursor(office: User, lesson: Lesson) -> None:
    LessonFactory.create_batch(4, group=lesson.group, date=lesson.date)
    api, seen, address = signed_in(office), [], "/api/v1/lessons?page_size=2"
    while address:
        page = api.client.get(address).json()
        assert len(page["results"]) <= 2
        seen += [each["id"] for each in page["results"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("position", ["p=today", "p=%00", "p=9999-99-99", "r=1&p=x", "o=99999999999999"])
@pytest.mark.parametrize("path", ["lessons", "groups", "lessons/{}/register/amendments"])
def test_a_cursor_of_others_is_no_failure(path: str, position: str, office: User, lesson: Lesson) -> None:
    completion.complete(office, lesson.pk, now=timezone.now())
    cursor = b64encode(position.encode()).decode()
    response = signed_in(office).get(f"/api/v1/{path.format(lesson.pk)}", cursor=cursor)
    assert response.status_code in (200, 404), response.content
    assert signed_in(office).get(f"/api/v1/{path.format(lesson.pk)}", cursor="nonsense").status_code == 404


def test_a_list_costs_the_same_for_any_number(office: User, lesson: Lesson) -> None:
    def cost() -> int:
        api = signed_in(office)
        with CaptureQueriesContext(connection) as queries:
            api.get("/api/v1/lessons")
        return len(queries)

    before = cost()
    LessonFactory.create_batch(20, group=lesson.group, date=lesson.date)
    assert cost() == before <= 6


def test_the_detail_has_roster_and_ticket(teacher: User, lesson: Lesson, roster: list[int]) -> None:
    shown = signed_in(teacher).get(f"/api/v1/lessons/{lesson.pk}").json()
    assert sorted(each["student_id"] for each in shown["roster"]) == roster
    ticket = tokens.verify(shown["ticket"], "ticket")
    assert {name: ticket[name] for name in ("sub", "name", "position", "school", "lesson", "role", "nation")} == {
        "sub": str(teacher.pk),
        "name": "Alice Lee",
        "position": "Teacher",
        "school": lesson.school_id,
        "lesson": lesson.pk,
        "role": "teacher",
        "nation": "england",
    }
    assert (sorted(ticket["roster"]), ticket["codes"]) == (roster, ["/", "L", "N", "U"])
    assert ticket["date"] == lesson.date.isoformat()
    assert {"iss", "aud", "starts_at", "closes_at"} <= ticket.keys()
    used = Api(shown["ticket"]).put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}")
    assert used.status_code == 202


def test_no_ticket_for_tomorrow(teacher: User, lesson: Lesson) -> None:
    Lesson.objects.update(date=lesson.date + timedelta(days=2))
    assert signed_in(teacher).get(f"/api/v1/lessons/{lesson.pk}").json()["ticket"] is None


def test_offices_tickets_carry_every_code(office: User, lesson: Lesson) -> None:
    ticket = tokens.verify(signed_in(office).get(f"/api/v1/lessons/{lesson.pk}").json()["ticket"], "ticket")
    assert {"I", "M", "Y6", "N"} <= set(ticket["codes"])


def test_who_sees_a_lesson(colleague: User, outsider: User, integrator: User, lesson: Lesson, school: School) -> None:
    path = f"/api/v1/lessons/{lesson.pk}"
    assert signed_in(colleague).get(path).status_code == 200, "open cover: any lesson due today"
    assert signed_in(integrator).get(path).status_code == 200
    assert signed_in(outsider).get(path).status_code == 404
    assert signed_in(person(None, Role.OPERATOR, "nation")).get(path).status_code == 404
    assert Api().get(path).status_code == 401
    School.objects.update(open_cover=False)
    assert signed_in(colleague).get(path).status_code == 404
    assert ids(signed_in(outsider).get("/api/v1/lessons")) == []


def test_a_token_is_for_one_school_only(teacher: User, outsider: User, lesson: Lesson) -> None:
    """Charlie works in Alice's school too, but this token is for his own."""
    api = signed_in(outsider)
    outsider.memberships.create(school=lesson.school, role=Role.OFFICE)
    assert api.get(f"/api/v1/lessons/{lesson.pk}").status_code == 404


@pytest.mark.parametrize("lesson_id", ["0", "-1", "1e3", "٣", str(2**63), "1.$set", "x"])
def test_malformed_and_unknown_ids_are_404(lesson_id: str, teacher: User) -> None:
    response = signed_in(teacher).get(f"/api/v1/lessons/{lesson_id}")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


def test_the_roster_is_by_date_and_roll(teacher: User, lesson: Lesson) -> None:
    EnrolmentFactory.create(group=lesson.group, ends_on=lesson.date - timedelta(days=1))
    EnrolmentFactory.create(group=lesson.group, starts_on=lesson.date + timedelta(days=1))
    EnrolmentFactory.create(group=lesson.group, student__left=True, student__school=lesson.school)
    assert len(signed_in(teacher).get(f"/api/v1/lessons/{lesson.pk}").json()["roster"]) == 4


def test_without_the_store_the_ticket_still_comes(mongodb_down: None, teacher: User, lesson: Lesson) -> None:
    response = signed_in(teacher).get(f"/api/v1/lessons/{lesson.pk}").json()
    assert response["marked"] is None and response["ticket"]
