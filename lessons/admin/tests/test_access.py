"""Who may use the admin; and nobody reaches another school's rows in any way."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from lessons.factories import (
    ContactFactory,
    DeskEntryFactory,
    EnrolmentFactory,
    GroupFactory,
    LessonFactory,
    MembershipFactory,
    NoticeFactory,
    PlannedAbsenceFactory,
    SchoolFactory,
    StudentFactory,
    UserFactory,
    person,
)
from lessons.models import Role, School, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture
def alice(school: School) -> User:
    """Returns an admin of the school."""
    return person(school, Role.ADMIN, "alice", is_staff=True)


@pytest.fixture
def admin(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


FOREIGN: dict[str, Any] = {
    "school": SchoolFactory,
    "user": lambda: MembershipFactory.create().user,
    "membership": MembershipFactory,
    "student": StudentFactory,
    "group": GroupFactory,
    "enrolment": EnrolmentFactory,
    "lesson": LessonFactory,
    "plannedabsence": PlannedAbsenceFactory,
    "contact": ContactFactory,
    "deskentry": DeskEntryFactory,
    "notice": NoticeFactory,
}


@pytest.mark.parametrize("name", FOREIGN)
def test_an_admin_sees_the_list(admin: Client, name: str) -> None:
    assert admin.get(f"/admin/lessons/{name}/").status_code == 200


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("view", ["change", "delete", "history"])
def test_another_schools_object_is_404(admin: Client, name: str, view: str) -> None:
    made = FOREIGN[name]()
    assert admin.get(f"/admin/lessons/{name}/{made.pk}/{view}/").status_code == 404
    assert admin.post(f"/admin/lessons/{name}/{made.pk}/{view}/", {"post": "yes"}).status_code == 404
    assert type(made).objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize("name", FOREIGN)
def test_another_schools_rows_are_not_listed(admin: Client, name: str) -> None:
    made = FOREIGN[name]()
    changelist = admin.get(f"/admin/lessons/{name}/").context["cl"]
    assert made not in list(changelist.result_list)


@pytest.mark.parametrize("name", ["student", "group", "lesson"])
def test_filtering_by_another_school_finds_nothing(admin: Client, name: str) -> None:
    made = FOREIGN[name]()
    response = admin.get(f"/admin/lessons/{name}/?school__id__exact={made.school_id}")
    assert list(response.context["cl"].result_list) == []


def offered(admin: Client, model: str, field: str) -> list[str]:
    query = {"app_label": "lessons", "model_name": model, "field_name": field, "term": ""}
    return [row["id"] for row in json.loads(admin.get("/admin/autocomplete/", query).content)["results"]]


@pytest.mark.parametrize(
    ("model", "field"),
    [("enrolment", "student"), ("enrolment", "group"), ("lesson", "group"), ("plannedabsence", "student")],
)
def test_autocompletion_offers_own_rows_only(admin: Client, school: School, model: str, field: str) -> None:
    factory = FOREIGN[field]
    own = factory.create(school=school)
    factory.create()
    assert offered(admin, model, field) == [str(own.pk)]


def test_autocompletion_offers_own_schools_and_people_only(admin: Client, school: School, alice: User) -> None:
    MembershipFactory.create()
    assert offered(admin, "membership", "school") == [str(school.pk)]
    assert offered(admin, "membership", "user") == [str(alice.pk)]


def test_a_foreign_student_cannot_be_posted_by_hand(admin: Client, school: School) -> None:
    group, stranger = GroupFactory.create(school=school), StudentFactory.create()
    form = {"group": group.pk, "student": stranger.pk, "starts_on": "2026-09-01"}
    response = admin.post("/admin/lessons/enrolment/add/", form)
    assert "student" in response.context["adminform"].errors
    assert not stranger.enrolments.exists()


def test_a_foreign_school_cannot_be_posted_by_hand(admin: Client) -> None:
    form = {"school": SchoolFactory.create().pk, "name": "8A"}
    response = admin.post("/admin/lessons/group/add/", {**form, **management("enrolments")})
    assert "school" in response.context["adminform"].errors


def test_the_school_of_a_row_cannot_be_changed(admin: Client, school: School, alice: User) -> None:
    group, other = GroupFactory.create(school=school), SchoolFactory.create()
    MembershipFactory.create(user=alice, school=other, role=Role.ADMIN)
    form = {"school": other.pk, "name": "9B", **management("enrolments", "enrolments-2")}
    admin.post(f"/admin/lessons/group/{group.pk}/change/", form)
    group.refresh_from_db()
    assert (group.name, group.school_id) == ("9B", school.pk)


def test_an_admin_of_two_schools_cannot_mix_them(admin: Client, school: School, alice: User) -> None:
    other = MembershipFactory.create(user=alice, role=Role.ADMIN).school
    group, student = GroupFactory.create(school=school), StudentFactory.create(school=other)
    form = {"group": group.pk, "student": student.pk, "starts_on": "2026-09-01"}
    response = admin.post("/admin/lessons/enrolment/add/", form)
    assert response.context["adminform"].errors == {"student": ["This belongs to another school."]}


def test_what_an_admin_teaches_elsewhere_is_not_managed(admin: Client, alice: User) -> None:
    lesson = LessonFactory.create(taught_by=alice)
    MembershipFactory.create(user=alice, school=lesson.school, role=Role.TEACHER)
    assert admin.get(f"/admin/lessons/lesson/{lesson.pk}/change/").status_code == 404


def test_the_school_filter_lists_own_schools(admin: Client, alice: User) -> None:
    MembershipFactory.create(user=alice, role=Role.ADMIN)
    SchoolFactory.create(name="Somebody else's")
    response = admin.get("/admin/lessons/student/")
    assert len(response.context["cl"].filter_specs[0].lookup_choices) == 2
    assert b"Somebody else" not in response.content


def test_the_year_filter_lists_own_years(admin: Client, school: School) -> None:
    StudentFactory.create(school=school, year_group=8)
    StudentFactory.create(school=school, year_group=9)
    StudentFactory.create(year_group=13)
    specs = admin.get("/admin/lessons/student/").context["cl"].filter_specs
    assert [list(spec.lookup_choices) for spec in specs if spec.title == "year group"] == [[8, 9]]


@pytest.mark.parametrize("role", [Role.TEACHER, Role.OFFICE, Role.INTEGRATOR])
@pytest.mark.parametrize("is_staff", [False, True])
def test_other_roles_are_sent_to_the_login(client: Client, school: School, role: Role, is_staff: bool) -> None:
    client.force_login(person(school, role, "bob", is_staff=is_staff))
    response = client.get("/admin/lessons/student/")
    assert response.status_code == 302
    assert response["Location"] == "/admin/login/?next=/admin/lessons/student/"


def test_an_admin_who_is_not_staff_is_sent_to_the_login(client: Client, school: School) -> None:
    client.force_login(person(school, Role.ADMIN, "bob"))
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"


def test_an_operator_has_no_way_in(client: Client) -> None:
    client.force_login(person(None, Role.OPERATOR, "oscar", is_staff=True))
    assert client.get("/admin/").status_code == 302


def test_nobody_else_completes_names(client: Client, school: School) -> None:
    client.force_login(person(school, Role.TEACHER, "bob", is_staff=True))
    query = {"app_label": "lessons", "model_name": "enrolment", "field_name": "student", "term": ""}
    assert client.get("/admin/autocomplete/", query).status_code == 302


def test_a_superuser_sees_every_school(client: Client) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    student = StudentFactory.create()
    assert client.get(f"/admin/lessons/student/{student.pk}/change/").status_code == 200


@pytest.mark.parametrize("name", ["localauthority", "school"])
def test_an_admin_makes_no_schools(admin: Client, name: str) -> None:
    assert admin.get(f"/admin/lessons/{name}/add/").status_code == 403
    assert admin.post(f"/admin/lessons/{name}/add/", {}).status_code == 403


def test_an_admin_sets_how_registers_are_taken_and_nothing_else(admin: Client, school: School) -> None:
    settings: dict[str, Any] = {
        "opening_minutes": 30,
        "closing_minutes": 20,
        "amendment_window": 3,
        "teacher_codes": "N L",
    }
    settings |= {"office_amendment_window": 7, "amendment_reasons": "Ill\nElsewhere"}
    form = {**settings, "name": "Renamed", "urn": "999999", "time_zone": "Europe/Paris", "source": "x"}
    admin.post(f"/admin/lessons/school/{school.pk}/change/", form)
    after = School.objects.get(pk=school.pk)
    assert (after.opening_minutes, after.closing_minutes, after.open_cover) == (30, 20, False)
    assert (after.office_amendment_window, after.reasons) == (7, ["Ill", "Elsewhere"])
    assert (after.name, after.urn, after.time_zone, after.source) == (
        school.name,
        school.urn,
        "Europe/London",
        "",
    )


@pytest.mark.parametrize("pk", ["0", "-1", "1e3", str(2**63), "a", "٣", "%00", "1.$set"])
def test_a_malformed_id_is_404(admin: Client, pk: str) -> None:
    assert admin.get(f"/admin/lessons/student/{pk}/change/").status_code == 404


@pytest.mark.parametrize("query", ["q=%00", "p=x", "starts_on__year=9999", "source__exact=%00", "school__id__exact=x"])
def test_a_malformed_query_is_no_failure(admin: Client, query: str) -> None:
    assert admin.get(f"/admin/lessons/enrolment/?{query}", follow=True).status_code == 200


def test_a_malformed_term_completes_to_nothing_worse(admin: Client) -> None:
    query = {"app_label": "lessons", "model_name": "enrolment", "field_name": "student", "term": "\0"}
    assert admin.get("/admin/autocomplete/", query).status_code == 200


@pytest.mark.parametrize("pk", ["x", "9" * 30, "-1", "٣"])
def test_an_action_on_a_malformed_id_is_404(admin: Client, pk: str) -> None:
    picked = {"action": "cancel", "_selected_action": pk}
    assert admin.post("/admin/lessons/lesson/", picked).status_code == 404


def test_a_foreign_user_cannot_be_looked_up_by_their_roles(admin: Client) -> None:
    assert admin.get("/admin/lessons/user/?memberships__school__id__exact=1").status_code == 400


def management(*prefixes: str) -> dict[str, Any]:
    return {f"{p}-{k}_FORMS": n for p in prefixes for k, n in (("TOTAL", 0), ("INITIAL", 0))}


def test_the_pages_bear_the_products_name(admin: Client) -> None:
    response = admin.get(reverse("admin:index"))
    assert b"Attendance" in response.content
    assert b"Django administration" not in response.content
