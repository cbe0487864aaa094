"""The record in the admin is read-only for everybody."""

from typing import Any

import pytest
from django.test import Client

from lessons.factories import LessonFactory, SchoolFactory, UserFactory, person
from lessons.models import Amendment, FeedCounter, Mark, Register, RejectedReport, Role, School, Student
from lessons.tests.registers import amend, reject, take, void

pytestmark = pytest.mark.django_db

RECORDS = ["register", "mark", "amendment", "rejectedreport", "feedcounter"]
MODELS: list[Any] = [Register, Mark, Amendment, RejectedReport, FeedCounter]


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture(params=["admin", "superuser"])
def reader(request: pytest.FixtureRequest, client: Client, school: School) -> Client:
    if request.param == "admin":
        client.force_login(person(school, Role.ADMIN, "alice", is_staff=True))
    else:
        client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def record(school: School) -> dict[str, Any]:
    """Returns one row of each kind, and their student."""
    lesson = LessonFactory.create(group__school=school, students=2)
    student = Student.objects.filter(school=school).earliest("pk")
    register = take(lesson, absent={student: "N"})
    amendment = amend(register, student, "N", "I")
    made = [register, register.marks.get(), amendment, reject(lesson, student)]
    return dict(zip(RECORDS, [*made, FeedCounter.objects.create(school=school)], strict=True))


@pytest.mark.parametrize("name", RECORDS)
def test_the_record_is_listed_and_shown(reader: Client, school: School, name: str) -> None:
    made = record(school)[name]
    assert list(reader.get(f"/admin/lessons/{name}/").context["cl"].result_list) == [made]
    assert reader.get(f"/admin/lessons/{name}/{made.pk}/change/").status_code == 200


@pytest.mark.parametrize("name", RECORDS)
def test_another_schools_record_is_404(client: Client, school: School, name: str) -> None:
    client.force_login(person(SchoolFactory.create(), Role.ADMIN, "mallory", is_staff=True))
    made = record(school)[name]
    assert list(client.get(f"/admin/lessons/{name}/").context["cl"].result_list) == []
    assert client.get(f"/admin/lessons/{name}/{made.pk}/change/").status_code == 404


@pytest.mark.parametrize("name", RECORDS)
def test_the_record_is_not_written(reader: Client, school: School, name: str) -> None:
    made = record(school)[name]
    assert reader.get(f"/admin/lessons/{name}/add/").status_code == 403
    assert reader.post(f"/admin/lessons/{name}/add/", {}).status_code == 403
    assert reader.post(f"/admin/lessons/{name}/{made.pk}/change/", {"code": "/"}).status_code == 403
    assert reader.post(f"/admin/lessons/{name}/{made.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("name", RECORDS)
def test_no_action_deletes_the_record(reader: Client, school: School, name: str) -> None:
    made = record(school)[name]
    reader.post(f"/admin/lessons/{name}/", {"action": "delete_selected", "_selected_action": made.pk, "post": "yes"})
    assert [model.objects.count() for model in MODELS] == [1] * len(MODELS)


def test_a_registers_page_shows_marks_and_amendments(reader: Client, school: School) -> None:
    register = record(school)["register"]
    content = reader.get(f"/admin/lessons/register/{register.pk}/change/").content.decode()
    assert "Note from the doctor" in content
    assert "Ms Lee" in content


def test_amendments_say_what_was_changed_by_whom_and_why(reader: Client, school: School) -> None:
    made = record(school)
    amend(made["register"], Student.objects.latest("pk"), "/", "L", to_minutes_late=5, by_position="Attendance officer")
    content = reader.get("/admin/lessons/amendment/").content.decode()
    for said in ("N → I", "/ → L (5 min)", "Note from the doctor", "Ms Lee, Attendance officer", "Correction"):
        assert said in content


def test_amendments_are_found_by_pupil_and_by_kind(reader: Client, school: School) -> None:
    made = record(school)
    withdrawn = void(made["register"])
    name = made["amendment"].student.legal_name
    for query, found in (
        ({"q": name}, [made["amendment"]]),
        ({"kind__exact": "void"}, [withdrawn]),
        ({"kind__exact": "arrival"}, []),
        ({"q": "nobody of this name"}, []),
    ):
        assert list(reader.get("/admin/lessons/amendment/", query).context["cl"].result_list) == found
    assert "everyone unstated" in reader.get("/admin/lessons/amendment/", {"kind__exact": "void"}).content.decode()


@pytest.mark.parametrize("name", ["register", "amendment"])
def test_the_record_leads_to_the_registers_page(reader: Client, school: School, name: str) -> None:
    made = record(school)
    content = reader.get(f"/admin/lessons/{name}/{made[name].pk}/change/").content.decode()
    assert f'href="/lessons/{made["register"].pk}/"' in content
