"""The office enters planned absences."""

from datetime import date, time, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from absences.tests.pages import browser
from lessons.calendar import school_time
from lessons.factories import PlannedAbsenceFactory, StudentFactory, person
from lessons.models import PlannedAbsence, Role, School, Student, User

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/planned-absences/"
DAY = timedelta(days=1)


@pytest.fixture
def today(school: School) -> date:
    return school_time.local_date(school.time_zone, timezone.now())


@pytest.fixture
def zoe(school: School) -> Student:
    student: Student = StudentFactory.create(school=school, legal_name="Zoë Quillfeather-Łaski")
    return student


@pytest.fixture
def plan(zoe: Student, today: date) -> PlannedAbsence:
    planned: PlannedAbsence = PlannedAbsenceFactory.create(student=zoe, first_day=today, reason="Dentist")
    return planned


@pytest.fixture
def olive(office: User) -> Client:
    return browser(office)


def fields(today: date, **changed: object) -> dict[str, object]:
    day = today.isoformat()
    return {"first_day": day, "last_day": day, "code": "M", "reason": "Zahnärztin"} | changed


def test_current_coming_and_past(olive: Client, plan: PlannedAbsence, zoe: Student, today: date) -> None:
    PlannedAbsenceFactory.create(student=zoe, first_day=today + DAY, reason="Orthodontist")
    PlannedAbsenceFactory.create(student=zoe, first_day=today - DAY, reason="Optician")
    PlannedAbsenceFactory.create(first_day=today, reason="Elsewhere")
    found = {query: olive.get(f"{PAGE}{query}").content.decode() for query in ("", "?past=1", "?q=zoe", "?q=ben")}
    reasons = ("Dentist", "Orthodontist", "Optician", "Elsewhere")
    assert {query: [reason for reason in reasons if reason in page] for query, page in found.items()} == {
        "": ["Dentist", "Orthodontist"],
        "?past=1": ["Optician"],
        "?q=zoe": ["Dentist", "Orthodontist"],
        "?q=ben": [],
    }
    assert "Nothing is planned for pupils with such a name." in found["?q=ben"]


def test_choosing_whom(olive: Client, zoe: Student) -> None:
    foreign = StudentFactory.create(legal_name="Zoë Quillfeather-Else")
    page = olive.get(f"{PAGE}add", {"q": "laski"}).content.decode()
    assert f'href="{PAGE}add/{zoe.pk}"' in page
    assert f"add/{foreign.pk}" not in olive.get(f"{PAGE}add", {"q": "zoe"}).content.decode()
    assert "No pupil of the school has such a name." in olive.get(f"{PAGE}add", {"q": "\0"}).content.decode()


def test_planning_and_sent_twice_it_is_there_once(olive: Client, zoe: Student, today: date) -> None:
    form = olive.get(f"{PAGE}add/{zoe.pk}").content.decode()
    assert "Medical or dental appointment" in form
    assert "Reason not yet established" not in form
    for said in ("is planned.", "was planned already."):
        page = olive.post(f"{PAGE}add/{zoe.pk}", fields(today, from_time="10:00"), follow=True).content.decode()
        assert said in page
    made = PlannedAbsence.objects.get()
    assert (made.student, made.school, made.code, made.reason) == (zoe, zoe.school, "M", "Zahnärztin")
    assert (made.from_time, made.until_time) == (time(10), None)
    assert (made.by_name, made.by_position) == ("Olive Grant", "Office")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"first_day": ""}, "required"),
        ({"first_day": "yesterday"}, "valid date"),
        ({"first_day": "1999-01-01"}, "No attendance codes are known for that day."),
        ({"last_day": "2026-01-01"}, "The last day is not before the first."),
        ({"last_day": "2099-01-01"}, "At most 400 days are planned in one go"),
        ({"code": "N"}, "Select a valid choice"),
        ({"code": "L"}, "Select a valid choice"),
        ({"code": ""}, "required"),
        ({"from_time": "11:00", "until_time": "10:00"}, "“Until” is after “from”."),
        ({"from_time": "25:00"}, "valid time"),
        ({"reason": "x" * 201}, "at most 200 characters"),
        ({"reason": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_lost(
    wrong: dict[str, str], says: str, olive: Client, plan: PlannedAbsence, zoe: Student, today: date
) -> None:
    for path in (f"{PAGE}add/{zoe.pk}", f"{PAGE}{plan.pk}"):
        answer = olive.post(path, fields(today, **wrong))
        assert answer.status_code == 400
        assert says in answer.content.decode()
        assert "reason" in wrong or "Zahnärztin" in answer.content.decode()
    assert PlannedAbsence.objects.get().reason == "Dentist"


def test_changing(olive: Client, plan: PlannedAbsence, today: date) -> None:
    assert 'value="Dentist"' in olive.get(f"{PAGE}{plan.pk}").content.decode()
    said = olive.post(f"{PAGE}{plan.pk}", fields(today, code="I"), follow=True).content.decode()
    assert "was changed." in said
    plan.refresh_from_db()
    assert (plan.code, plan.reason, plan.by_name) == ("I", "Zahnärztin", "Olive Grant")


def test_deleting_asks_first(olive: Client, plan: PlannedAbsence) -> None:
    path = f"{PAGE}{plan.pk}/delete"
    assert "Keep it" in olive.get(path).content.decode()
    assert PlannedAbsence.objects.exists()
    assert "was deleted." in olive.post(path, follow=True).content.decode()
    assert not PlannedAbsence.objects.exists()
    assert olive.post(path).status_code == 404


def test_who_may_not(
    teacher: User, integrator: User, outsider: User, plan: PlannedAbsence, zoe: Student, today: date
) -> None:
    foreign_office = person(outsider.memberships.get().school, Role.OFFICE, "oscar")
    lists, rows = (PAGE, f"{PAGE}add"), (f"{PAGE}add/{zoe.pk}", f"{PAGE}{plan.pk}", f"{PAGE}{plan.pk}/delete")
    answers = ((teacher, 403, 404), (integrator, 403, 403), (outsider, 403, 404), (foreign_office, 200, 404))
    for user, of_lists, of_rows in answers:
        client = browser(user)
        for path in lists:
            answer = client.get(path, {"q": "zoe"})
            assert (answer.status_code, zoe.name in answer.content.decode()) == (of_lists, False)
        for path in rows:
            assert client.get(path).status_code == of_rows
            assert client.post(path, fields(today)).status_code == of_rows
    assert Client().get(PAGE).headers["location"].startswith("/accounts/login/")
    assert PlannedAbsence.objects.get().reason == "Dentist"


@pytest.mark.parametrize("given", ["0", "x", "9" * 30, str(2**62)])
def test_malformed_ids_are_404(given: str, olive: Client) -> None:
    for path in (f"add/{given}", given, f"{given}/delete"):
        assert olive.get(f"{PAGE}{path}").status_code == 404


def test_wrong_method(olive: Client, plan: PlannedAbsence) -> None:
    for path in ("", "add"):
        assert olive.post(f"{PAGE}{path}").status_code == 405
    assert olive.put(f"{PAGE}{plan.pk}").status_code == 405


def test_it_asks_no_absence_store(olive: Client, zoe: Student, today: date, mongodb_down: None) -> None:
    assert olive.post(f"{PAGE}add/{zoe.pk}", fields(today)).status_code == 302
    assert zoe.name in olive.get(PAGE).content.decode()
