"""Rows that another system puts by its own ids: all or none, in a few statements, and only for its own school."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from absences.api.tests.putting import ADA, LESSON, MIS, PLACE, pointers, put
from absences.tests.api import Api, signed_in
from absences.tests.threads import at_once
from lessons.factories import (
    ApiClientFactory,
    EnrolmentFactory,
    GroupFactory,
    LessonFactory,
    MembershipFactory,
    SchoolFactory,
    StudentFactory,
    person,
)
from lessons.models import (
    Enrolment,
    Group,
    Lesson,
    LessonStaff,
    Role,
    School,
    Student,
)
from lessons.tests.registers import take

pytestmark = pytest.mark.django_db


def test_a_timetable_from_nothing_twice(mis: Api, school: School) -> None:
    MembershipFactory.create(school=school, external_id="t1", **MIS)
    staff = {"staff": [{"user": "t1"}]}
    items: dict[str, Any] = {
        "groups": {"external_id": "g1", "name": "8A/Ma1"},
        "students": ADA,
        "enrolments": PLACE,
        "lessons": LESSON | staff,
    }
    for name, item in items.items():
        made = put(mis, name, item)
        assert (made.status_code, made.json()["created"]) == (200, 1), made.content
        row = mis.get(f"/api/v1/{name}", source="mis", external_id=item["external_id"]).json()["results"][0]
        assert made.json()[name] == [{"id": row["id"], "external_id": item["external_id"]}]
        again = put(mis, name, item).json()
        assert (again["created"], again["updated"], again["unchanged"], again[name]) == (0, 0, 1, made.json()[name])
        same = mis.get(f"/api/v1/{name}", external_id=item["external_id"]).json()["results"][0]
        assert same == row, "rows that did not change keep their date"
    lesson = Lesson.objects.get()
    assert (lesson.starts_at.isoformat(), lesson.staff.count()) == ("2026-09-14T08:00:00+00:00", 1)


def test_only_what_changes_moves(mis: Api, school: School) -> None:
    put(mis, "students", ADA, ADA | {"external_id": "s2", "preferred_name": "Bee"})
    before = dict(Student.objects.values_list("external_id", "updated_at"))
    others = [
        StudentFactory.create(school=school, source="other", external_id="s2"),
        StudentFactory.create(external_id="s2", **MIS),  # of another school
    ]
    with time_machine.travel(timedelta(seconds=1), tick=False):
        changed = put(mis, "students", ADA, ADA | {"external_id": "s2", "legal_name": "Bea"}).json()
    assert (changed["updated"], changed["unchanged"]) == (1, 1)
    ada, bea = Student.objects.filter(school=school, source="mis").order_by("external_id")
    assert (bea.legal_name, bea.preferred_name) == ("Bea", "Bee"), "what is left out stays"
    assert ada.updated_at == before["s1"] and bea.updated_at > before["s2"]
    assert [Student.objects.get(pk=other.pk).legal_name for other in others] == [each.legal_name for each in others]


@pytest.mark.parametrize("name", ["students", "groups", "enrolments", "lessons"])
def test_as_many_statements_however_many_rows(name: str, mis: Api, school: School, timetable: Group) -> None:
    StudentFactory.create_batch(40, school=school, **MIS)
    for student in Student.objects.filter(external_id=""):
        Student.objects.filter(pk=student.pk).update(external_id=f"n{student.pk}")
    others = list(Student.objects.exclude(external_id="s1").values_list("external_id", flat=True))

    def items(count: int, **more: Any) -> list[Any]:
        def one(i: int) -> dict[str, Any]:
            return {
                "students": ADA | {"preferred_name": "Ada"},
                "groups": {"name": "8A"},
                "enrolments": PLACE | {"student": others[i]},
                "lessons": LESSON | {"staff": [{"user": "t1"}]},
            }[name] | {"external_id": f"x{i}"}

        return [one(i) | more for i in range(count)]

    def statements(count: int, **more: Any) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert put(mis, name, *items(count, **more)).status_code == 200
        return len(seen)

    values: dict[str, dict[str, Any]] = {
        "students": {"sort_name": "Z"},
        "groups": {"name": "9B"},
        "enrolments": {"ends_on": "2026-12-18"},
        "lessons": {"room": "M9", "staff": []},
    }
    changed = values[name]
    few = statements(2), statements(2, **changed)
    many = statements(40), statements(40, **changed)
    # Two of the forty exist already, so that there is something to create and something to change.
    assert max(many) <= max(few) + 4 and max(many) <= 15, (few, many)


@pytest.mark.parametrize(
    ("name", "item", "status", "pointer"),
    [
        ("students", ADA | {"upn": "A123"}, 400, "/students/1/upn"),
        ("students", ADA | {"year_group": 2**70}, 400, "/students/1/year_group"),
        ("students", ADA | {"year_group": "٣"}, 400, "/students/1/year_group"),
        ("students", ADA | {"year_group": 8.0}, 400, "/students/1/year_group"),
        ("students", ADA | {"legal_name": {"$gt": ""}}, 400, "/students/1/legal_name"),
        ("students", ADA | {"on_roll_from": [1]}, 400, "/students/1/on_roll_from"),
        ("students", ADA | {"school": 1}, 400, "/students/1/school"),
        ("students", ["s1"], 400, "/students/1"),
        ("students", ADA | {"external_id": "first"}, 422, "/students/1/external_id"),
        ("students", ADA | {"on_roll_until": "2019-01-01"}, 422, "/students/1/on_roll_until"),
        ("enrolments", PLACE | {"student": "nobody"}, 422, "/enrolments/1/student"),
        ("enrolments", PLACE | {"starts_on": "2026-10-01", "ends_on": "2020-01-01"}, 422, "/enrolments/1/ends_on"),
        ("lessons", LESSON | {"group": "elsewhere"}, 422, "/lessons/1/group"),
        ("lessons", LESSON | {"end_time": "08:00"}, 422, "/lessons/1/end_time"),
        ("lessons", LESSON | {"session": "XX"}, 400, "/lessons/1/session"),
        ("lessons", LESSON | {"start_time": "09:00+05:00"}, 400, "/lessons/1/start_time"),
        ("lessons", LESSON | {"date": "9999-12-31"}, 400, "/lessons/1/date"),
        ("lessons", LESSON | {"staff": [{"user": "elsewhere"}]}, 422, "/lessons/1/staff/0/user"),
        ("lessons", LESSON | {"staff": [{"user": "t1"}, {"user": "t1"}]}, 422, "/lessons/1/staff/1/user"),
    ],
)
def test_one_wrong_item_refuses_all(
    name: str, item: Any, status: int, pointer: str, mis: Api, timetable: Group
) -> None:
    foreign = SchoolFactory.create()
    GroupFactory.create(school=foreign, external_id="elsewhere", **MIS)
    MembershipFactory.create(school=foreign, external_id="elsewhere", **MIS)
    good = {"students": ADA, "enrolments": PLACE, "lessons": LESSON}[name] | {"external_id": "first"}
    refused = put(mis, name, good, item)
    assert (refused.status_code, pointers(refused)) == (status, [pointer])
    tables = (Student, Enrolment, Lesson)
    assert not any(table.objects.filter(external_id="first").exists() for table in tables)


def test_what_is_taken_already(mis: Api, school: School, timetable: Group) -> None:
    other, ada = StudentFactory.create(school=school), Student.objects.get(external_id="s1")
    twice = put(mis, "students", ADA | {"upn": other.upn}, ADA | {"external_id": "s2", "upn": other.upn})
    assert (twice.status_code, pointers(twice)) == (422, ["/students/0/upn", "/students/1/upn"])
    EnrolmentFactory.create(group=timetable, student=ada, starts_on="2026-09-01")
    assert pointers(put(mis, "enrolments", PLACE)) == ["/enrolments/0/starts_on"]


def test_where_the_database_has_the_last_word(mis: Api, school: School) -> None:
    """It checks one row after the other, so two students cannot swap their UPNs at once."""
    ann, bob = (StudentFactory.create(school=school, external_id=name, **MIS) for name in ("ann", "bob"))
    swapped = [
        ADA | {"external_id": "ann", "upn": bob.upn},
        ADA | {"external_id": "bob", "upn": ann.upn},
    ]
    assert put(mis, "students", *swapped).status_code == 409
    assert Student.objects.get(pk=ann.pk).upn == ann.upn


@pytest.mark.parametrize(
    "body",
    [
        {"students": [ADA]},
        {**MIS, "students": []},
        {**MIS, "students": [ADA] * 501},
        {**MIS, "students": {"0": ADA}},
        {**MIS, "students": [ADA], "school": 1},
        {"source": "", "students": [ADA]},
        [ADA],
        '{"source": "mis\\u0000", "students": []}',
    ],
)
def test_a_malformed_body(body: Any, mis: Api) -> None:
    assert mis.put("/api/v1/students", body).status_code == 400


def test_a_large_body(mis: Api) -> None:
    largest = [ADA | {"external_id": f"{n:0>100}", "legal_name": "A" * 200} for n in range(500)]
    assert put(mis, "students", *largest).status_code == 200
    assert mis.put("/api/v1/students", " " * 2**20 + "{}").status_code == 413


def test_an_enrolment_ends_and_keeps_who_and_where(mis: Api, school: School, timetable: Group) -> None:
    put(mis, "enrolments", PLACE)
    take(LessonFactory.create(group=timetable))
    StudentFactory.create(school=school, external_id="s2", **MIS)
    assert pointers(put(mis, "enrolments", PLACE | {"student": "s2"})) == ["/enrolments/0/student"]
    assert put(mis, "enrolments", PLACE | {"ends_on": "2026-09-18"}).json()["updated"] == 1


def test_who_may(school: School) -> None:
    def answer(api: Api) -> int:
        return int(put(api, "students", ADA).status_code)

    for user in (
        person(school, Role.TEACHER, "bob"),
        person(school, Role.OFFICE, "olive"),
        person(school, Role.INTEGRATOR, "system"),
        person(None, Role.OPERATOR, "nation"),
        ApiClientFactory.create(school=school, scopes="read notes report complete amend").user,
    ):
        assert answer(signed_in(user)) == 403
    assert answer(Api()) == 401
    both = person(school, Role.ADMIN, "ann")
    assert answer(signed_in(both)) == 200
    MembershipFactory.create(user=both, school=SchoolFactory.create(), role=Role.ADMIN)
    session = Client()
    session.force_login(both)
    ambiguous = session.put("/api/v1/students", {**MIS, "students": [ADA]}, content_type="application/json")
    assert ambiguous.status_code == 403, "for which of the schools?"
    assert Student.objects.get().school == school


@pytest.mark.parametrize("given", ["٣", "1_0", " 1", "+1", "01", "1.0", "-1", "0", "9" * 30])
def test_an_id_in_a_query_is_exactly_an_id(given: str, mis: Api) -> None:
    for name in ("group", "teacher"):
        assert mis.get("/api/v1/lessons", **{name: given}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_the_same_twice_at_once(mis: Api, timetable: Group) -> None:
    answers: list[int] = []
    item = LESSON | {"staff": [{"user": "t1"}]}

    def work() -> None:
        answers.append(put(Api(mis.token), "lessons", item).status_code)

    at_once(work, work, work)
    assert answers == [200, 200, 200]
    assert (Lesson.objects.count(), LessonStaff.objects.count()) == (1, 1)
