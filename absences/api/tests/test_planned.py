"""Other systems put planned absences by their own ids, all or none, and read them."""

from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from absences.tests.api import Api, due_today, signed_in
from absences.tests.pages import browser
from absences.tests.threads import at_once
from lessons.api.openapi import DENTIST
from lessons.factories import (
    ApiClientFactory,
    MembershipFactory,
    PlannedAbsenceFactory,
    SchoolFactory,
    StudentFactory,
    person,
)
from lessons.models import PlannedAbsence, Role, School, Student, User

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/planned-absences"
MIS: dict[str, Any] = {"source": "mis"}
GONE: dict[str, Any] = {"external_id": "p1", "cancelled": True}


@pytest.fixture
def mis(school: School) -> Api:
    return signed_in(ApiClientFactory.create(school=school, user__name="The MIS", scopes="read notes timetable").user)


@pytest.fixture
def zoe(school: School) -> Student:
    student: Student = StudentFactory.create(
        school=school, legal_name="Zoë Quillfeather-Łaski", external_id="s1", **MIS
    )
    return student


def put(api: Api, *items: Any, **more: Any) -> Any:
    return api.put(ADDRESS, {**MIS, "planned_absences": list(items), **more})


def told(response: Any) -> list[tuple[str, str]]:
    errors = response.json()["errors"]
    return [(error["pointer"].removeprefix("/planned_absences"), error["code"]) for error in errors]


def listed(api: Api, **query: Any) -> list[str]:
    return [plan["reason"] for plan in api.get(ADDRESS, **query).json()["results"]]


def test_a_plan_is_made_changed_and_taken_away(mis: Api, zoe: Student) -> None:
    made = put(mis, DENTIST)
    plan = PlannedAbsence.objects.get()
    counts = {"created": 1, "updated": 0, "unchanged": 0, "cancelled": 0}
    rows = [{"id": plan.pk, "external_id": "p1"}]
    assert made.json() == counts | {"planned_absences": rows}, made.content
    assert (plan.student, plan.until_time, plan.reason) == (zoe, time(11), "Dentist")
    assert put(mis, DENTIST).json() == counts | {"created": 0, "unchanged": 1, "planned_absences": rows}
    assert PlannedAbsence.objects.get().updated_at == plan.updated_at
    kept = {name: value for name, value in DENTIST.items() if name not in ("reason", "until_time")}
    assert put(mis, kept | {"last_day": "2026-09-15"}).json()["updated"] == 1
    plan.refresh_from_db()
    assert (plan.last_day, plan.until_time, plan.reason) == (date(2026, 9, 15), time(11), "Dentist"), (
        "left out, it stays"
    )
    for times in (1, 0):
        assert put(mis, GONE).json() == counts | {"created": 0, "cancelled": times, "planned_absences": []}
    assert not PlannedAbsence.objects.exists()


def test_it_says_who_put_it(school: School, mis: Api, zoe: Student) -> None:
    olive = person(school, Role.OFFICE, "olive", name="Olive Grant")
    put(mis, DENTIST)
    client = PlannedAbsence.objects.get()
    assert client.by["name"] == mis.get(ADDRESS).json()["results"][0]["by"]["name"] != ""
    put(signed_in(olive), DENTIST)
    assert PlannedAbsence.objects.get().by == client.by, "rows that did not change keep their author"
    put(signed_in(olive), DENTIST | {"code": "I"})
    assert PlannedAbsence.objects.get().by == {"id": olive.pk, "name": "Olive Grant", "position": "Office"}


def test_one_goes_and_another_comes_in_one_body(school: School, mis: Api, zoe: Student) -> None:
    others = [
        PlannedAbsenceFactory.create(student=zoe, source="other", external_id="p1"),
        PlannedAbsenceFactory.create(external_id="p1", **MIS),  # of another school
    ]
    put(mis, DENTIST)
    both = put(mis, GONE, DENTIST | {"external_id": "p2"}).json()
    assert (both["created"], both["cancelled"]) == (1, 1)
    assert PlannedAbsence.objects.filter(pk__in=[plan.pk for plan in others]).count() == 2
    assert told(put(mis, GONE, DENTIST)) == [("/1/external_id", "duplicate")]
    assert told(put(mis, GONE | {"external_id": "p2"}, DENTIST | {"code": "N"})) == [("/1/code", "unknown_code")]
    assert PlannedAbsence.objects.filter(external_id="p2").exists()


def test_a_lesson_suggests_it(school: School, teacher: User, mis: Api) -> None:
    lesson = due_today(school, teacher, students=1)
    student = Student.objects.enrolled(lesson.group_id, lesson.date).get()
    Student.objects.filter(pk=student.pk).update(external_id="s1", **MIS)
    put(mis, DENTIST | {"first_day": str(lesson.date), "last_day": str(lesson.date)})
    [shown] = signed_in(teacher).get(f"/api/v1/lessons/{lesson.pk}").json()["roster"]
    assert shown["planned"] == {"code": "M", "title": "Medical or dental appointment", "reason": ""}


@pytest.mark.parametrize(
    ("changed", "status", "field", "code"),
    [
        ({"student": "nobody"}, 422, "student", "unknown"),
        ({"student": "elsewhere"}, 422, "student", "unknown"),
        ({"code": "N"}, 422, "code", "unknown_code"),
        ({"code": "/"}, 422, "code", "unknown_code"),
        ({"code": "ZZ"}, 422, "code", "unknown_code"),
        ({"first_day": "1999-01-01", "last_day": "1999-01-01"}, 422, "first_day", "no_codes"),
        ({"last_day": "2026-09-13"}, 422, "last_day", "too_early"),
        ({"last_day": "2027-10-19"}, 422, "last_day", "too_long"),
        ({"from_time": "11:00"}, 422, "until_time", "too_early"),
        ({"from_time": "25:00"}, 400, "from_time", "invalid"),
        ({"from_time": "09:00+05:00"}, 400, "from_time", "invalid"),
        ({"first_day": "14/09/2026"}, 400, "first_day", "invalid"),
        ({"reason": "x" * 201}, 400, "reason", "max_length"),
        ({"reason": "a\0b"}, 400, "", "nul"),
        ({"code": 1}, 400, "code", "invalid"),
        ({"student": {"$gt": ""}}, 400, "student", "invalid"),
        ({"cancelled": "yes"}, 400, "cancelled", "invalid"),
        ({"cancelled": None}, 400, "cancelled", "null"),
        ({"school": 1}, 400, "school", "unknown_field"),
    ],
)
def test_one_wrong_item_refuses_all(
    changed: dict[str, Any], status: int, field: str, code: str, mis: Api, zoe: Student
) -> None:
    StudentFactory.create(external_id="elsewhere", **MIS)
    refused = put(mis, DENTIST | {"external_id": "first"}, DENTIST | changed)
    assert refused.status_code == status, refused.content
    if field:
        assert told(refused) == [(f"/1/{field}", code)]
    assert not PlannedAbsence.objects.exists()


def test_what_is_missing_is_named(mis: Api, zoe: Student) -> None:
    fields = ("code", "first_day", "last_day", "student")
    refused = put(mis, {"external_id": "p1"}, {"external_id": "p2", "cancelled": False})
    assert sorted(told(refused)) == [(f"/{n}/{name}", "required") for n in (0, 1) for name in fields]
    assert told(put(mis, {"cancelled": True})) == [("/0/external_id", "required")]


def test_the_longest(mis: Api, zoe: Student) -> None:
    assert put(mis, DENTIST | {"last_day": "2027-10-18"}).status_code == 200  # 400 days


def test_a_plan_keeps_its_student(school: School, mis: Api, zoe: Student) -> None:
    StudentFactory.create(school=school, external_id="s2", **MIS)
    put(mis, DENTIST)
    assert told(put(mis, DENTIST | {"student": "s2"})) == [("/0/student", "fixed")]


def test_malformed_bodies_and_large_ones(mis: Api, zoe: Student) -> None:
    for body in ([DENTIST], {"planned_absences": [DENTIST]}, {**MIS, "planned_absences": []}, "{"):
        assert mis.put(ADDRESS, body).status_code == 400
    assert put(mis, *[DENTIST] * 501).status_code == 400
    largest = [DENTIST | {"external_id": f"{n:0>100}", "reason": "r" * 200} for n in range(500)]
    assert put(mis, *largest).status_code == 200
    assert mis.put(ADDRESS, " " * 2**20 + "{}").status_code == 413


def test_as_many_statements_however_many_rows(mis: Api, zoe: Student) -> None:
    def statements(*items: Any) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert put(mis, *items).status_code == 200
        return len(seen)

    many = [DENTIST | {"external_id": f"p{n}"} for n in range(40)]
    few = max(statements(*many[:2]), statements(*[item | {"code": "I"} for item in many[:2]]))
    most = max(
        statements(*many),
        statements(*[item | {"code": "R"} for item in many]),
        statements(*[GONE | {"external_id": item["external_id"]} for item in many]),
    )
    assert most <= few + 4 and most <= 15, (few, most)
    assert not PlannedAbsence.objects.exists()


def test_who_may(school: School, teacher: User, zoe: Student) -> None:
    for user in (
        teacher,
        person(school, Role.INTEGRATOR, "system"),
        person(None, Role.OPERATOR, "nation"),
        ApiClientFactory.create(school=school, scopes="read notes report complete amend").user,
    ):
        assert put(signed_in(user), DENTIST).status_code == 403
    assert put(Api(), DENTIST).status_code == 401
    ann, olive = person(school, Role.ADMIN, "ann"), person(school, Role.OFFICE, "olive")
    clerk = ApiClientFactory.create(school=school, scopes="timetable").user
    for user in (ann, olive, clerk):
        assert put(signed_in(user), DENTIST).status_code == 200
    assert signed_in(clerk).get(ADDRESS).status_code == 403
    assert signed_in(olive).post(ADDRESS, {}).status_code == 405
    foreign = person(SchoolFactory.create(), Role.OFFICE, "oscar")
    assert told(put(signed_in(foreign), DENTIST)) == [("/0/student", "unknown")]
    MembershipFactory.create(user=olive, school=SchoolFactory.create(), role=Role.OFFICE)
    body = {**MIS, "planned_absences": [GONE]}
    assert browser(olive).put(ADDRESS, body, content_type="application/json").status_code == 403, "of which school?"


def test_the_list_is_asked_for_days_students_and_changes(school: School, mis: Api, zoe: Student) -> None:
    put(mis, DENTIST, DENTIST | {"external_id": "p2", "last_day": "2026-09-18", "reason": "Trip"})
    with time_machine.travel(timedelta(seconds=1), tick=False):
        ben = PlannedAbsenceFactory.create(student__school=school, first_day=date(2026, 9, 21), reason="Ben’s")
    PlannedAbsenceFactory.create(reason="Elsewhere")
    assert listed(mis) == ["Dentist", "Trip", "Ben’s"]
    assert listed(mis, **{"from": "2026-09-15"}) == ["Trip", "Ben’s"]
    assert listed(mis, to="2026-09-20") == ["Dentist", "Trip"]
    assert listed(mis, **{"from": "2026-09-18", "to": "2026-09-18"}) == ["Trip"]
    assert listed(mis, student=ben.student_id) == ["Ben’s"]
    assert listed(mis, source="mis", external_id="p2") == ["Trip"]
    assert listed(mis, updated_since=ben.updated_at.isoformat()) == ["Ben’s"]
    first = mis.get(ADDRESS, page_size=2).json()
    assert [plan["reason"] for plan in mis.get(first["next"]).json()["results"]] == ["Ben’s"]
    for wrong in ({"from": "soon"}, {"student": "٣"}, {"student": "0"}, {"updated_since": "x"}, {"page_size": "x"}):
        assert mis.get(ADDRESS, **wrong).status_code == 400, wrong
    assert mis.get(ADDRESS, cursor="x").status_code == 404


def test_who_reads_what(school: School, teacher: User, outsider: User, office: User) -> None:
    lesson = due_today(school, teacher, students=1)
    taught = Student.objects.enrolled(lesson.group_id, lesson.date).get()
    for student in (taught, StudentFactory.create(school=school)):
        PlannedAbsenceFactory.create(student=student, reason="Hospital")
    silent = ApiClientFactory.create(school=school, scopes="read").user
    read = {user: listed(signed_in(user)) for user in (teacher, office, outsider, silent)}
    assert read == {teacher: [""], office: ["Hospital"] * 2, outsider: [], silent: ["", ""]}
    assert Api().get(ADDRESS).status_code == 401
    nation = person(None, Role.OPERATOR, "nation")
    assert signed_in(nation).get(ADDRESS).json()["results"] == []
    session = Client()
    session.force_login(office)
    assert len(session.get(ADDRESS).json()["results"]) == 2


def test_a_page_of_many_is_as_many_questions(mis: Api, school: School) -> None:
    def questions() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert mis.get(ADDRESS).status_code == 200
        return len(seen)

    PlannedAbsenceFactory.create(student__school=school)
    few = questions()
    PlannedAbsenceFactory.create_batch(20, student__school=school)
    assert questions() == few


def test_it_asks_no_absence_store(mis: Api, zoe: Student, mongodb_down: None) -> None:
    assert put(mis, DENTIST).status_code == 200
    assert listed(mis) == ["Dentist"]


@pytest.mark.django_db(transaction=True)
def test_the_same_twice_at_once(mis: Api, zoe: Student) -> None:
    answers: list[int] = []

    def work() -> None:
        answers.append(put(Api(mis.token), DENTIST, GONE | {"external_id": "p9"}).status_code)

    at_once(work, work, work)
    assert answers == [200, 200, 200]
    assert PlannedAbsence.objects.count() == 1
