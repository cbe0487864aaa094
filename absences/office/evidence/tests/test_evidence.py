"""Extracts of the record, of a register and of a pupil: Monday 14 September 2026, in summer time."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from absences.conftest import NOW
from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store.reports import Report
from absences.tests.pages import browser
from lessons.factories import EnrolmentFactory, LessonFactory, StudentFactory, person
from lessons.models import Enrolment, Lesson, Role, Student, User
from lessons.tests import registers

pytestmark = pytest.mark.django_db(transaction=True)

PERIOD = {"from": "2026-09-01", "to": "2026-09-30"}


@pytest.fixture
def taken(
    teacher: User, office: User, claims: Claims, lesson: Lesson, roster: list[int], students: list[Student]
) -> Lesson:
    """Returns a lesson with the first pupil absent (later ill), the last one unmarked, and a rejected report."""
    report = Report(student_id=roster[0], code="N", note="=HYPERLINK(1)")
    service.report(claims, lesson.pk, [report], NOW)
    completion.complete(teacher, lesson.pk, now=NOW + timedelta(minutes=1), roster_seen=roster[:3])
    later = NOW + timedelta(days=1)
    ill = Change(student_id=roster[0], code="I", reason="Message from the parent or carer: rang")
    amendments.amend(office, lesson.pk, [ill], now=later, source="page")
    registers.reject(lesson, students[1], reason="too_late")
    return lesson


@pytest.fixture
def olive(office: User) -> Client:
    return browser(office)


def rows(response: Any) -> list[dict[str, str]]:
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    text = response.content.decode()
    assert text.startswith("\ufeffdate,lesson,group,")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_registers_extract_leaves_nothing_out(olive: Client, taken: Lesson, roster: list[int]) -> None:
    register, *others = rows(olive.get(f"/lessons/{taken.pk}/evidence.csv"))
    assert (register["record"], register["on_roster"], register["not_stated"]) == ("register", "4", "1")
    assert register["happened_at"] == register["arrived_at"] == "2026-09-14T09:06:00+01:00"
    assert (register["by_name"], register["by_position"], register["source"]) == ("Alice Lee", "Teacher", "api")
    first = {int(row["student"]): row for row in others if row["record"] == "first entry"}
    assert [first[pk]["meaning"] for pk in roster] == ["Absent", "Present", "Present", "Not stated"]
    assert (first[roster[0]]["code"], first[roster[3]]["code"]) == ("N", "")
    [change] = [row for row in others if row["record"] == "amendment"]
    assert (change["kind"], change["from_code"], change["code"], change["source"]) == ("correction", "N", "I", "page")
    assert change["reason"] == "Message from the parent or carer: rang"
    assert (change["by_name"], change["by_position"]) == ("Olive Grant", "Office")
    assert change["arrived_at"] == "2026-09-15T09:05:00+01:00"
    [rejected] = [row for row in others if row["record"] == "rejected report"]
    assert (rejected["kind"], rejected["by_name"]) == ("too_late", "Ms Lee")


def test_no_cell_is_run_as_a_formula(olive: Client, taken: Lesson, roster: list[int]) -> None:
    Student.objects.filter(pk=roster[0]).update(legal_name="@SUM(1)")
    Student.objects.filter(pk=roster[1]).update(legal_name="-1+1")
    [ill] = [
        row
        for row in rows(olive.get(f"/lessons/{taken.pk}/evidence.csv"))
        if row["student"] == str(roster[0]) and row["record"] == "first entry"
    ]
    assert (ill["note"], ill["name"]) == ("'=HYPERLINK(1)", "'@SUM(1)")
    for path in (
        f"/lessons/{taken.pk}/evidence.csv",
        f"/students/{roster[1]}/evidence.csv?from=2026-09-01&to=2026-09-30",
    ):
        cells = [cell for row in rows(olive.get(path)) for cell in row.values()]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_registers_page_says_the_same(olive: Client, taken: Lesson) -> None:
    page = olive.get(f"/lessons/{taken.pk}/evidence").content.decode()
    for said in ("Alice Lee", "Olive Grant", "rang", "=HYPERLINK(1)", "Not stated", "15/09/2026 09:05:00"):
        assert said in page
    assert "Extract made by Olive Grant, Office" in page
    assert f"/lessons/{taken.pk}/evidence.csv" in page


def test_what_is_not_for_the_reader_is_said_to_be_withheld(teacher: User, olive: Client, taken: Lesson) -> None:
    """An empty cell would mean that no reason was given."""
    path = f"/lessons/{taken.pk}/evidence.csv"
    theirs, ours = rows(browser(teacher).get(path)), rows(olive.get(path))
    for column in ("upn", "reason"):
        shown = [(one[column], other[column]) for one, other in zip(theirs, ours, strict=True)]
        assert any(office for _, office in shown)
        assert all(own == ("(withheld)" if office else "") or own == office for own, office in shown), column
        assert ("(withheld)" in dict(shown)) == (column in ("upn", "reason"))


def test_a_withdrawal_is_everybodys(olive: Client, office: User, taken: Lesson, roster: list[int]) -> None:
    amendments.void(office, taken.pk, "Wrong class", now=NOW + timedelta(days=2))
    *_, void = [row for row in rows(olive.get(f"/lessons/{taken.pk}/evidence.csv")) if row["record"] == "amendment"]
    assert (void["student"], void["meaning"], void["reason"]) == ("", "Withdrawn: nobody is stated", "Wrong class")
    hers = rows(olive.get(f"/students/{roster[2]}/evidence.csv", PERIOD))
    assert [row["record"] for row in hers] == ["register", "first entry", "amendment"]


def test_a_pupils_extract_has_all_her_registers(
    olive: Client, teacher: User, taken: Lesson, roster: list[int], students: list[Student]
) -> None:
    moved = LessonFactory.create(group__school=taken.school, date=taken.date + timedelta(days=1))
    EnrolmentFactory.create(group=moved.group, student=students[0])
    registers.take(moved, absent={students[0]: "U"})
    Enrolment.objects.filter(group=moved.group).update(starts_on=moved.date, ends_on=moved.date)
    other = LessonFactory.create(group=moved.group, date=taken.date + timedelta(days=2))
    registers.take(other)  # after she had left that group
    hers = rows(olive.get(f"/students/{roster[0]}/evidence.csv", PERIOD))
    assert [(row["lesson"], row["record"], row["code"]) for row in hers] == [
        (str(taken.pk), "register", ""),
        (str(taken.pk), "first entry", "N"),
        (str(taken.pk), "amendment", "I"),
        (str(moved.pk), "register", ""),
        (str(moved.pk), "first entry", "U"),
    ]
    page = olive.get(f"/students/{roster[0]}/evidence", PERIOD).content.decode()
    assert "1 September 2026 to 30 September 2026" in page
    assert students[0].legal_name in page


def test_a_rejected_report_is_shown_even_without_a_register(olive: Client, students: list[Student]) -> None:
    lesson = LessonFactory.create(group__school=students[0].school, cancelled=True)
    registers.reject(lesson, students[0], reason="lesson_cancelled")
    [only] = rows(olive.get(f"/students/{students[0].pk}/evidence.csv", PERIOD))
    assert (only["record"], only["reason"]) == ("rejected report", "The lesson was cancelled")


def test_a_pupils_extract_asks_sql_the_same_however_many_registers(
    olive: Client, teacher: User, lesson: Lesson, students: list[Student]
) -> None:
    counts = []
    for day in range(3):
        registers.take(LessonFactory.create(group=lesson.group, date=lesson.date + timedelta(days=day)))
        with CaptureQueriesContext(connection) as queries:
            olive.get(f"/students/{students[0].pk}/evidence.csv", PERIOD)
        counts.append(len(queries))
    assert len(set(counts)) == 1


def test_the_school_year_so_far(olive: Client, students: list[Student]) -> None:
    page = olive.get(f"/students/{students[0].pk}/evidence").content.decode()
    assert "1 September" in page
    assert "No register of this time" in page


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"to": "2026-02-30"},
        {"to": "\0"},
        {"to": "0001-01-01"},
        {"from": "9999-12-31", "to": "9999-12-31"},
        {"from": "2026-09-02", "to": "2026-09-01"},
        {"from": "2024-01-01", "to": "2026-01-01"},
    ],
)
def test_a_malformed_time_is_400(query: dict[str, str], olive: Client, students: list[Student]) -> None:
    for kind in ("evidence", "evidence.csv"):
        assert olive.get(f"/students/{students[0].pk}/{kind}", query).status_code == 400


def test_who_sees_a_registers_extract(
    teacher: User, colleague: User, integrator: User, outsider: User, taken: Lesson, lesson: Lesson
) -> None:
    for kind in ("evidence", "evidence.csv"):
        path = f"/lessons/{taken.pk}/{kind}"
        for user, status in ((teacher, 200), (integrator, 403), (colleague, 404), (outsider, 404)):
            assert browser(user).get(path).status_code == status
        assert Client().get(path).headers["location"].startswith("/accounts/login/")


def test_who_sees_a_pupils_extract(
    teacher: User, colleague: User, integrator: User, outsider: User, students: list[Student]
) -> None:
    admin = person(students[0].school, Role.ADMIN, "ada")
    for kind in ("evidence", "evidence.csv"):
        path = f"/students/{students[0].pk}/{kind}"
        answers = ((admin, 200), (teacher, 403), (integrator, 403), (colleague, 404), (outsider, 404))
        for user, status in answers:
            assert browser(user).get(path).status_code == status
        assert Client().get(path).headers["location"].startswith("/accounts/login/")


def test_what_is_not_there_is_404(olive: Client, lesson: Lesson) -> None:
    stranger = StudentFactory.create().pk
    for path in (f"/lessons/{lesson.pk}/evidence", f"/lessons/{2**62}/evidence.csv", f"/students/{stranger}/evidence"):
        assert olive.get(path).status_code == 404


def test_wrong_method(olive: Client, taken: Lesson, roster: list[int]) -> None:
    for path in (f"/lessons/{taken.pk}/evidence", f"/students/{roster[0]}/evidence.csv"):
        assert olive.post(path).status_code == 405


def test_it_asks_no_absence_store(olive: Client, taken: Lesson, roster: list[int], mongodb_down: None) -> None:
    assert olive.get(f"/lessons/{taken.pk}/evidence").status_code == 200
    assert olive.get(f"/students/{roster[0]}/evidence", PERIOD).status_code == 200


def test_links_lead_there(olive: Client, teacher: User, taken: Lesson, roster: list[int]) -> None:
    page = olive.get(f"/lessons/{taken.pk}/").content.decode()
    assert f'href="/lessons/{taken.pk}/evidence"' in page
    own = browser(teacher).get(f"/lessons/{taken.pk}/").content.decode()
    assert f'href="/lessons/{taken.pk}/evidence"' in own
    assert "/evidence" not in own.replace(f"/lessons/{taken.pk}/evidence", "")
