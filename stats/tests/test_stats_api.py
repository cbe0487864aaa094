"""Statistics at their address: figures, who sees which, and what is refused."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from absences import amendments
from absences.amendments import Change
from absences.tests.api import Api, signed_in
from absences.tests.pages import browser
from lessons.factories import GroupFactory, LessonFactory, person
from lessons.models import Group, Lesson, Register, Role, User
from stats.tests.conftest import take

pytestmark = pytest.mark.django_db(transaction=True)

YEAR = "from=2026-09-01&to=2027-08-31"


def ask(user: User, query: str = "") -> dict[str, Any]:
    response = signed_in(user).client.get(f"/stats?{YEAR}&{query}")
    assert response.status_code == 200, response.content
    return json.loads(response.content)  # type: ignore[no-any-return]


def by_hand(registers: Any) -> dict[str, int]:
    """Counted from the rows of SQL, by the book and not by our code."""
    totals = dict.fromkeys(("registers", "possible", "attended", "absent", "authorised", "unauthorised", "late"), 0)
    for register in registers:
        codes: dict[int, str | None] = {pk: None if pk in register.unstated else "/" for pk in register.roster}
        codes |= {mark.student_id: mark.code for mark in register.marks.all()}
        for change in register.amendments.order_by("id"):
            if change.kind == "void":
                codes = dict.fromkeys(codes)
            else:
                codes[change.student_id] = change.to_code
        totals["registers"] += 1
        for code in codes.values():
            totals["late"] += code == "L"
            totals["attended"] += code in ("/", "L", "B", "K", "P", "V", "W")
            totals["authorised"] += code in ("C", "C1", "C2", "E", "I", "J1", "M", "R", "S", "T")
            totals["unauthorised"] += code in ("G", "N", "O", "U")
    totals["absent"] = totals["authorised"] + totals["unauthorised"]
    totals["possible"] = totals["attended"] + totals["absent"]
    return totals


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


def test_days_are_the_schools_own(office: User, taken: Lesson) -> None:
    api = signed_in(office).client
    for query, expected in (("from=2026-09-14&to=2026-09-14", 1), ("from=2026-09-15&to=2026-09-15", 0)):
        assert len(api.get(f"/stats?{query}").json()["results"]) == expected


def test_coverage_counts_what_is_due(office: User, taken: Lesson) -> None:
    LessonFactory.create(group=taken.group, date=date(2026, 9, 15))
    LessonFactory.create(group=taken.group, date=date(2026, 9, 15), cancelled=True)
    LessonFactory.create(group=taken.group, date=date(2027, 8, 30))  # not begun yet
    assert ask(office)["coverage"] == {"completed": 1, "due": 2}


def test_without_parameters_it_is_this_school_year(office: User) -> None:
    answer = signed_in(office).get("/stats").json()
    assert answer["level"] == "group"
    assert (answer["from"][5:], answer["to"][5:]) == ("09-01", "08-31")


def test_a_teacher_sees_the_own_groups(teacher: User, colleague: User, outsider: User, taken: Lesson) -> None:
    assert [row["id"] for row in ask(teacher)["results"]] == [taken.group_id]
    assert ask(colleague)["results"] == []
    assert ask(colleague, "level=school")["results"] == []
    assert ask(outsider)["results"] == []


def test_an_operator_sees_schools_and_never_a_group(taken: Lesson) -> None:
    operator = signed_in(person(None, Role.OPERATOR, "nation"))
    answer = operator.client.get(f"/stats?{YEAR}").json()
    assert (answer["level"], [row["id"] for row in answer["results"]]) == ("school", [taken.school_id])
    for query in ("level=group", f"group={taken.group_id}", f"level=school&group={taken.group_id}"):
        assert operator.client.get(f"/stats?{query}").status_code == 403


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
        ("school=x", "/school"),
        (f"group={2**63}", "/group"),
        ("from=yesterday", "/from"),
        ("from=2026-09-02&to=2026-09-01", "/from"),
        ("from=2000-01-01&to=2026-09-01", "/from"),
        ("to=%00", "/to"),
    ],
)
def test_what_is_malformed_is_400(query: str, pointer: str, office: User) -> None:
    response = signed_in(office).client.get(f"/api/v1/stats?{query}")
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, pointer)
    page = browser(office).get(f"/stats?{query}", headers={"accept": "text/html"})
    assert page.status_code == 400
    assert "cannot be shown" in page.content.decode()


def test_both_addresses_say_the_same(office: User, taken: Lesson) -> None:
    api = signed_in(office).client
    assert api.get(f"/api/v1/stats?{YEAR}").json() == api.get(f"/stats?{YEAR}").json()


def test_a_browser_gets_the_page(teacher: User, taken: Lesson) -> None:
    page = browser(teacher).get(f"/stats?{YEAR}", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    content = page.content.decode()
    assert page.headers["content-type"].startswith("text/html")
    for words in (taken.group.name, "75.0 %", "25.0 %", "of 1 due"):
        assert words in content


def test_a_spreadsheet_runs_nothing(office: User, taken: Lesson) -> None:
    Group.objects.update(name='=HYPERLINK("http://x")')
    response = browser(office).get(f"/stats?{YEAR}&format=csv", headers={"accept": "text/html"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("id,name,registers,possible")
    assert "\"'=HYPERLINK" in lines[1]


def test_who_is_not_signed_in(taken: Lesson) -> None:
    assert Api().get("/stats").status_code == 401
    assert Api().get("/api/v1/stats").status_code == 401
    page = Client().get("/stats", headers={"accept": "text/html"})
    assert page.headers["location"] == "/accounts/login/?next=/stats"


def test_wrong_method(office: User) -> None:
    assert signed_in(office).post("/stats").status_code == 405
    assert browser(office).post("/stats", headers={"accept": "text/html"}).status_code == 405


def test_store_down(mongodb_down: None, office: User) -> None:
    assert signed_in(office).get("/stats").status_code == 503
    page = browser(office).get("/stats", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["retry-after"]) == (503, "1")
