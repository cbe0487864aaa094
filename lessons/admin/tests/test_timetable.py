"""Students, groups, enrolments and lessons in the admin."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.test import Client

from lessons.errors import StoreUnavailable
from lessons.factories import (
    EnrolmentFactory,
    GroupFactory,
    LessonFactory,
    SchoolFactory,
    StudentFactory,
    person,
)
from lessons.models import Enrolment, Group, Lesson, LessonStaff, Role, School, Student, User
from lessons.registers import hooks
from lessons.tests.registers import take

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


@pytest.fixture
def group(school: School) -> Group:
    return GroupFactory.create(school=school, name="8B/Ma1")


def inline(prefix: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """Returns an inline as a form posts it."""
    existing = [row for row in rows if row.get("id")]
    form = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": len(existing)}
    return form | {f"{prefix}-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}


def lesson_form(group: Group, **fields: Any) -> dict[str, Any]:
    times = {"date": "2026-09-14", "start_time": "09:00", "end_time": "10:00", "status": "scheduled"}
    return {"group": group.pk, **times, **inline("staff"), **fields}


def test_a_lessons_instants_follow_from_its_wall_time(admin: Client, group: Group) -> None:
    admin.post("/admin/lessons/lesson/add/", lesson_form(group))
    lesson = Lesson.objects.get()
    assert lesson.starts_at == datetime(2026, 9, 14, 8, tzinfo=UTC)
    assert lesson.school_id == group.school_id


def test_moving_a_lesson_moves_its_instants(admin: Client, group: Group) -> None:
    lesson = LessonFactory.create(group=group)
    admin.post(f"/admin/lessons/lesson/{lesson.pk}/change/", lesson_form(group, date="2026-12-14"))
    lesson.refresh_from_db()
    assert lesson.starts_at == datetime(2026, 12, 14, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [("date", "0001-01-01"), ("date", "9999-12-31"), ("end_time", "08:00"), ("start_time", "x")],
)
def test_an_impossible_lesson_is_an_error_of_its_field(admin: Client, group: Group, field: str, value: str) -> None:
    response = admin.post("/admin/lessons/lesson/add/", lesson_form(group, **{field: value}))
    assert field in response.context["adminform"].errors


def test_an_external_id_is_unique_in_a_school(admin: Client, group: Group) -> None:
    LessonFactory.create(group=group, source="mis", external_id="1")
    response = admin.post("/admin/lessons/lesson/add/", lesson_form(group, source="mis", external_id="1"))
    assert "Another entry of this school has this external id." in response.content.decode()


def test_staff_are_people_of_the_school(admin: Client, school: School, group: Group) -> None:
    bob, stranger = (
        person(school, Role.TEACHER, "bob"),
        person(SchoolFactory.create(), Role.TEACHER, "mallory"),
    )
    form = lesson_form(group, **inline("staff", {"user": stranger.pk, "kind": "teacher"}))
    assert admin.post("/admin/lessons/lesson/add/", form).status_code == 200
    form |= inline("staff", {"user": bob.pk, "kind": "teacher"})
    assert admin.post("/admin/lessons/lesson/add/", form).status_code == 302
    assert [(s.user, s.school) for s in LessonStaff.objects.all()] == [(bob, school)]


def test_a_completed_lesson_stays_as_it_was_taken(admin: Client, group: Group) -> None:
    lesson = take(LessonFactory.create(group=group)).lesson
    form = lesson_form(group, date="2026-09-15", start_time="11:00", status="cancelled", room="Hall")
    admin.post(f"/admin/lessons/lesson/{lesson.pk}/change/", form)
    lesson.refresh_from_db()
    assert (lesson.date, lesson.start_time, lesson.status) == (date(2026, 9, 14), time(9), "scheduled")
    assert lesson.room == "Hall"


@pytest.fixture(params=["one", "selected"])
def delete(request: pytest.FixtureRequest, admin: Client) -> Any:
    """Deletes an object in the admin, on its page or by the list's action."""

    def delete(name: str, pk: int) -> Any:
        if request.param == "one":
            return admin.post(f"/admin/lessons/{name}/{pk}/delete/", {"post": "yes"})
        return admin.post(f"/admin/lessons/{name}/", {"action": "delete_selected", "_selected_action": pk, "post": "1"})

    return delete


def test_a_lesson_that_nothing_was_reported_on_is_deleted(delete: Any, alice: User, group: Group) -> None:
    lesson = LessonFactory.create(group=group, taught_by=alice)
    assert delete("lesson", lesson.pk).status_code == 302
    assert not Lesson.objects.exists()


def test_a_completed_lesson_is_not_deleted(delete: Any, group: Group) -> None:
    lesson = take(LessonFactory.create(group=group)).lesson
    assert "something was reported on it. Cancel it instead." in delete("lesson", lesson.pk).content.decode()
    assert Lesson.objects.exists()


def test_a_lesson_with_a_sheet_is_not_deleted(delete: Any, group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson, other = LessonFactory.create_batch(2, group=group)
    monkeypatch.setattr(hooks, "finders", [lambda lessons: {pk for _, pk in lessons} & {lesson.pk}])
    assert "something was reported on it" in delete("lesson", lesson.pk).content.decode()
    assert delete("lesson", other.pk).status_code == 302
    assert list(Lesson.objects.all()) == [lesson]


def test_no_lesson_is_deleted_while_the_sheets_cannot_be_asked(
    delete: Any, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(lessons: Any) -> set[int]:
        raise StoreUnavailable

    monkeypatch.setattr(hooks, "finders", [down])
    assert "cannot be told now" in delete("lesson", LessonFactory.create(group=group).pk).content.decode()
    assert Lesson.objects.exists()


def test_an_enrolment_with_a_register_is_not_deleted(delete: Any, group: Group) -> None:
    enrolment = EnrolmentFactory.create(group=group)
    take(LessonFactory.create(group=group))
    assert "registers stand on it" in delete("enrolment", enrolment.pk).content.decode()
    assert Enrolment.objects.exists()


def test_an_enrolment_without_a_register_is_deleted(delete: Any, group: Group) -> None:
    assert delete("enrolment", EnrolmentFactory.create(group=group).pk).status_code == 302
    assert not Enrolment.objects.exists()


def test_a_student_with_enrolments_is_not_deleted(delete: Any, group: Group) -> None:
    assert delete("student", EnrolmentFactory.create(group=group).student_id).status_code == 200
    assert Student.objects.exists()


def group_form(group: Group, existing: dict[str, Any], *new: dict[str, Any]) -> dict[str, Any]:
    return {"name": group.name, **inline("enrolments", existing), **inline("enrolments-2", *new)}


def test_a_group_enrols_ends_and_keeps(admin: Client, group: Group) -> None:
    old, student = EnrolmentFactory.create(group=group), StudentFactory.create(school=group.school)
    ended = {"id": old.pk, "group": group.pk, "starts_on": "2020-09-01", "ends_on": "2026-09-01"}
    new = {"group": group.pk, "student": student.pk, "starts_on": "2026-09-01"}
    admin.post(f"/admin/lessons/group/{group.pk}/change/", group_form(group, ended, new))
    assert {e.student_id: e.ends_on for e in group.enrolments.all()} == {
        old.student_id: date(2026, 9, 1),
        student.pk: None,
    }


def test_a_group_does_not_drop_an_enrolment_with_a_register(admin: Client, group: Group) -> None:
    enrolment = EnrolmentFactory.create(group=group)
    take(LessonFactory.create(group=group))
    row = {"id": enrolment.pk, "group": group.pk, "starts_on": "2020-09-01", "DELETE": "on"}
    response = admin.post(f"/admin/lessons/group/{group.pk}/change/", group_form(group, row))
    assert "registers stand on it" in response.content.decode()
    assert Enrolment.objects.exists()


def test_a_group_enrols_nobody_twice(admin: Client, group: Group) -> None:
    old = EnrolmentFactory.create(group=group)
    row = {"id": old.pk, "group": group.pk, "starts_on": "2020-09-01"}
    again = {"group": group.pk, "student": old.student_id, "starts_on": "2020-09-01"}
    assert admin.post(f"/admin/lessons/group/{group.pk}/change/", group_form(group, row, again)).status_code == 200
    assert Enrolment.objects.count() == 1


def test_a_foreign_student_is_not_enrolled_by_hand(admin: Client, group: Group) -> None:
    new = {"group": group.pk, "student": StudentFactory.create().pk, "starts_on": "2026-09-01"}
    form = {"name": group.name, **inline("enrolments"), **inline("enrolments-2", new)}
    assert admin.post(f"/admin/lessons/group/{group.pk}/change/", form).status_code == 200
    assert not Enrolment.objects.exists()


def test_a_new_student_is_enrolled_at_once(admin: Client, school: School, group: Group) -> None:
    names = {"legal_name": "Ada Okafor", "year_group": 8, "on_roll_from": "2026-09-01"}
    new = inline("enrolments", {"group": group.pk, "starts_on": "2026-09-01"})
    form = {"school": school.pk, **names, **new}
    assert admin.post("/admin/lessons/student/add/", form).status_code == 302
    assert Enrolment.objects.get().school == school


def test_a_upn_is_checked(admin: Client, school: School) -> None:
    names = {
        "legal_name": "Ada Okafor",
        "year_group": 8,
        "on_roll_from": "2026-09-01",
        "upn": "I123456789012",
    }
    form = {"school": school.pk, **names, **inline("enrolments")}
    response = admin.post("/admin/lessons/student/add/", form)
    assert "upn" in response.context["adminform"].errors


def test_the_only_school_is_filled_in(admin: Client, school: School) -> None:
    response = admin.get("/admin/lessons/student/add/")
    assert response.context["adminform"].form.initial["school"] == school.pk
