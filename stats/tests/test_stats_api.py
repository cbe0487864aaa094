"""Statistics in the API: the figures, permissions, and refusals."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from absences.registers import amendments, completion, merging
from absences.registers.amendments import Change
from absences.reporting import service, tickets
from absences.store.reports import Report
from absences.tests.api import Api, signed_in
from absences.tests.pages import browser
from lessons.accounts import authentication
from lessons.errors import Conflict
from lessons.factories import GroupFactory, LessonFactory, MembershipFactory, SchoolFactory, UserFactory, person
from lessons.models import Group, Lesson, Register, Role, School, User
from stats.tests.conftest import take
from stats.tests.counting import by_hand

pytestmark = pytest.mark.django_db(transaction=True)

YEAR = "from=2026-09-01&to=2027-08-31"


def ask(user: User, query: str = "") -> dict[str, Any]:
    response = signed_in(user).client.get(f"/stats?{YEAR}&{query}")
    assert response.status_code == 200, response.content
    return json.loads(response.content)  # type: ignore[no-any-return]


def test_a_groups_figures(office: User, taken: Lesson) -> None:
    answer = ask(office)
    assert {name: answer[name] for name in ("level", "basis", "from", "to")} == {
        "level": "group",
        "basis": "lesson",
        "from": "2026-09-01",
        "to": "2027-08-31",
    }
    assert answer["coverage"] == {"completed": 1, "due": 1}
    assert answer["results"] == [
        {
            "id": taken.group_id,
            "name": taken.group.name,
            "registers": 1,
            "possible": 4,
            "attended": 3,
            "absent": 1,
            "authorised": 0,
            "unauthorised": 1,
            "late": 1,
            "attendance_rate": 0.75,
            "absence_rate": 0.25,
        }
    ]


def test_an_amendment_and_a_void_change_them(office: User, taken: Lesson, roster: list[int], now: datetime) -> None:
    changes = [Change(student_id=roster[0], code="I", reason="Ill"), Change(student_id=roster[1], code="/", reason="x")]
    amendments.amend(office, taken.pk, changes, now=now)
    [row] = ask(office)["results"]
    assert (row["authorised"], row["unauthorised"], row["late"]) == (1, 0, 0)
    amendments.void(office, taken.pk, "Wrong class", now=now)
    [row] = ask(office)["results"]
    assert (row["possible"], row["attendance_rate"]) == (0, None)


def test_they_agree_with_a_count_by_hand(office: User, teacher: User, lesson: Lesson, now: datetime) -> None:
    everyday = ["N", "L", "I", "U", "B", "X", "/", "M"]
    for day in range(1, 6):
        group = lesson.group if day % 2 else GroupFactory.create(school=lesson.school)
        other = LessonFactory.create(group=group, students=5, date=lesson.date - timedelta(days=day), taught_by=office)
        pupils = list(group.enrolments.values_list("student", flat=True))
        codes = {pk: everyday[(day + index) % 8] for index, pk in enumerate(pupils) if index % 2}
        take(other, office, codes, other.starts_at)
        amendments.amend(office, other.pk, [Change(student_id=pupils[0], code="N", reason="x")], now=other.starts_at)
    answer = ask(office)
    registers = Register.objects.all()
    for row in answer["results"]:
        expected = by_hand(registers.filter(group=row["id"]))
        assert {name: row[name] for name in expected} == expected
    [school] = ask(office, "level=school")["results"]
    expected = by_hand(registers)
    assert {name: school[name] for name in expected} == expected
    assert school["attendance_rate"] == round(expected["attended"] / expected["possible"], 4)


def test_what_is_not_finished_does_not_count(teacher: User, lesson: Lesson, roster: list[int], now: datetime) -> None:
    claims = tickets.claims_for(teacher, lesson, roster, now)
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N")], now)
    assert ask(teacher)["results"] == []


def test_a_cancelled_lesson_does_not_count(
    teacher: User, lesson: Lesson, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was cancelled during completion: its sheet is closed, and there is no register."""
    claims = tickets.claims_for(teacher, lesson, roster, now)
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N")], now)
    really = merging.merge

    def cancelled_just_before(sheets: Any) -> merging.Result:
        Lesson.objects.update(status=Lesson.Status.CANCELLED)
        return really(sheets)

    monkeypatch.setattr(merging, "merge", cancelled_just_before)
    with pytest.raises(Conflict):
        completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    answer = ask(teacher)
    assert (answer["results"], answer["coverage"]) == ([], {"completed": 0, "due": 0})


def test_days_are_the_schools_own(office: User, taken: Lesson) -> None:
    api = signed_in(office).client
    for query, expected in (("from=2026-09-14&to=2026-09-14", 1), ("from=2026-09-15&to=2026-09-15", 0)):
        assert len(api.get(f"/stats?{query}").json()["results"]) == expected


@time_machine.travel(datetime(2026, 9, 16, tzinfo=UTC), tick=False)
def test_coverage_counts_what_is_due(office: User, taken: Lesson) -> None:
    LessonFactory.create(group=taken.group, date=date(2026, 9, 15))
    LessonFactory.create(group=taken.group, date=date(2026, 9, 15), cancelled=True)
    LessonFactory.create(group=taken.group, date=date(2027, 8, 30))  # has not begun yet
    assert ask(office)["coverage"] == {"completed": 1, "due": 2}


def test_coverage_is_of_what_one_sees(teacher: User, colleague: User, outsider: User, taken: Lesson) -> None:
    LessonFactory.create(group=GroupFactory.create(school=taken.school), taught_by=colleague)
    for level in ("group", "school"):
        assert ask(teacher, f"level={level}")["coverage"] == {"completed": 1, "due": 1}
        assert ask(colleague, f"level={level}")["coverage"] == {"completed": 0, "due": 1}
        assert ask(outsider, f"level={level}")["coverage"] == {"completed": 0, "due": 0}


def test_without_parameters_it_is_this_school_year(office: User) -> None:
    answer = signed_in(office).get("/stats").json()
    assert answer["level"] == "group"
    assert (answer["from"][5:], answer["to"][5:]) == ("09-01", "08-31")


def test_a_teacher_sees_the_own_groups(teacher: User, colleague: User, outsider: User, taken: Lesson) -> None:
    assert [row["id"] for row in ask(teacher)["results"]] == [taken.group_id]
    assert ask(colleague)["results"] == []
    assert ask(colleague, "level=school")["results"] == []
    assert ask(outsider)["results"] == []


def test_who_has_no_role_sees_nothing(taken: Lesson) -> None:
    client = browser(UserFactory.create())
    for level in ("group", "school"):
        answer = client.get(f"/stats?{YEAR}&level={level}").json()
        assert (answer["results"], answer["coverage"]) == ([], {"completed": 0, "due": 0})
    assert client.get(f"/stats?school={taken.school_id}").status_code == 404


def test_a_token_shows_its_own_school_only(office: User, school: School, taken: Lesson) -> None:
    other = SchoolFactory.create()
    MembershipFactory.create(user=office, school=other, role=Role.OFFICE)
    token = authentication.token_pair(office, other.pk, now=timezone.now())["access"]
    assert Api(token).get(f"/stats?{YEAR}").json()["results"] == []
    assert Api(token).get(f"/stats?school={school.pk}").status_code == 404
    assert len(browser(office).get(f"/stats?{YEAR}").json()["results"]) == 1


def test_names_are_in_order(office: User, taken: Lesson, now: datetime) -> None:
    Group.objects.update(name="8B")
    for name in ("9A", "8A"):
        group = GroupFactory.create(school=taken.school, name=name)
        take(LessonFactory.create(group=group, students=1), office, {}, now)
    assert [row["name"] for row in ask(office)["results"]] == ["8A", "8B", "9A"]


def test_an_operator_sees_schools_and_never_a_group(taken: Lesson) -> None:
    operator = signed_in(person(None, Role.OPERATOR, "nation"))
    answer = operator.client.get(f"/stats?{YEAR}").json()
    assert (answer["level"], [row["id"] for row in answer["results"]]) == ("school", [taken.school_id])
    for query in ("level=group", f"group={taken.group_id}", f"level=school&group={taken.group_id}"):
        assert operator.client.get(f"/stats?{query}").status_code == 403


def test_an_operator_who_works_at_a_school_sees_its_groups_too(taken: Lesson) -> None:
    both = person(taken.school, Role.OFFICE, "both")
    MembershipFactory.create(user=both, school=None, role=Role.OPERATOR)
    answer = browser(both).get(f"/stats?{YEAR}").json()
    assert (answer["level"], [row["id"] for row in answer["results"]]) == ("group", [taken.group_id])


def test_a_group_is_of_the_school_that_was_named(office: User, taken: Lesson) -> None:
    other = SchoolFactory.create()
    MembershipFactory.create(user=office, school=other, role=Role.OFFICE)
    assert browser(office).get(f"/stats?school={other.pk}&group={taken.group_id}").status_code == 404


def test_what_is_foreign_is_404(outsider: User, office: User, taken: Lesson) -> None:
    api = signed_in(outsider).client
    assert api.get(f"/stats?school={taken.school_id}").status_code == 404
    assert api.get(f"/stats?group={taken.group_id}").status_code == 404
    assert len(ask(office, f"group={taken.group_id}&school={taken.school_id}")["results"]) == 1


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("level=pupil", "/level"),
        ("level=student", "/level"),
        ("basis=session", "/basis"),
        ("format=xml", "/format"),
        ("school=x", "/school"),
        ("school=-1", "/school"),
        ("school=1_0", "/school"),
        ("school=1.0", "/school"),
        ("group=%D9%A3", "/group"),
        (f"group={2**63}", "/group"),
        (f"group={'9' * 5000}", "/group"),
        ("from=yesterday", "/from"),
        ("from=2026-09-02&to=2026-09-01", "/from"),
        ("from=2000-01-01&to=2026-09-01", "/from"),
        ("from=0001-01-01", "/from"),
        ("from=9999-12-31", "/from"),
        ("to=0001-01-01", "/to"),
        ("to=2026-09-01T00:00", "/to"),
        ("to=%00", "/to"),
    ],
)
def test_what_is_malformed_is_400(query: str, pointer: str, office: User) -> None:
    response = signed_in(office).client.get(f"/api/v1/stats?{query}")
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, pointer)


def test_both_addresses_say_the_same(office: User, taken: Lesson) -> None:
    api = signed_in(office).client
    assert api.get(f"/api/v1/stats?{YEAR}").json() == api.get(f"/stats?{YEAR}").json()


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@sum", "\tx", "\rx", "\nx"])
def test_a_spreadsheet_runs_nothing(name: str, office: User, taken: Lesson) -> None:
    Group.objects.update(name=name)
    response = signed_in(office).client.get(f"/stats?{YEAR}&format=csv")
    [row] = csv.DictReader(StringIO(response.content.decode("utf-8-sig"), newline=""))
    assert row["name"] == f"'{name}"


def test_a_spreadsheet_holds_what_the_answer_holds(office: User, taken: Lesson) -> None:
    """It begins with a byte order mark, without which Excel misreads é."""
    Group.objects.update(name="Année 8, “bleu”")
    amendments.void(office, taken.pk, "Wrong class", now=timezone.now())
    response = signed_in(office).client.get(f"/api/v1/stats?{YEAR}&format=csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].endswith('filename="attendance-group-2026-09-01-2027-08-31.csv"')
    assert response.content.startswith(b"\xef\xbb\xbf")
    [row] = csv.DictReader(StringIO(response.content.decode("utf-8-sig"), newline=""))
    [expected] = ask(office)["results"]
    assert row == {name: "" if value is None else str(value) for name, value in expected.items()}


def test_who_is_not_signed_in(taken: Lesson) -> None:
    assert Api().get("/stats").status_code == 401
    assert Api().get("/api/v1/stats").status_code == 401


def test_wrong_method(office: User) -> None:
    assert signed_in(office).post("/stats").status_code == 405


def test_store_down(mongodb_down: None, office: User) -> None:
    assert signed_in(office).get("/stats").status_code == 503
