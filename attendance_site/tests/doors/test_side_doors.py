"""Ways around the rules: forms that name the other school's rows, filters, histories, sessions instead of tokens, and a
school without open cover."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import ForeignKey

from attendance_site.tests.doors.asking import REPORTING, ask, routes, undone
from attendance_site.tests.doors.test_admin import MODELS, of, url
from attendance_site.tests.doors.world import FOREIGN, UNKNOWN, World, with_session, with_token
from lessons.factories import MembershipFactory
from lessons.models import ApiClient, Enrolment, Group, Lesson, Membership, Role, Student, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("model", [ApiClient, Enrolment, Group, Lesson, Membership, Student])
def test_a_form_takes_no_row_of_the_other_school(model: Any, world: World) -> None:
    """Even for fields whose choices are not shown. Rows of the user's own school are accepted."""
    ada, asked = with_session(world.users["admin"]), 0
    shown = ada.get(url(model, "add")).context["adminform"].form.fields
    for field in model._meta.get_fields():
        if isinstance(field, ForeignKey) and field.name in shown:
            theirs, ours = (of(world, field.related_model, place).pk for place in (world.foreign, world.own))
            refused = [field.name in errors_of(ada.post(url(model, "add"), {field.name: pk})) for pk in (theirs, ours)]
            assert refused == [True, False], field.name
            asked += 1
    assert asked


def errors_of(answer: Any) -> Any:
    return answer.context["adminform"].form.errors


@pytest.mark.parametrize("action", ["delete_selected", "cancel", "revoke"])
def test_an_action_finds_no_row_of_the_other_school(action: str, world: World) -> None:
    ada = with_session(world.users["admin"])
    models: list[Any] = MODELS
    for model in models:
        if (theirs := of(world, model, world.foreign)) is None:
            continue
        before = model.objects.filter(pk=theirs.pk).values().get()
        sent = {"action": action, "_selected_action": [theirs.pk], "post": "yes"}
        with undone():
            assert FOREIGN not in ada.post(url(model, "changelist"), sent, follow=True).content.decode()
            assert model.objects.filter(pk=theirs.pk).values().get() == before, model


def test_a_password_is_set_by_who_runs_the_school(world: World) -> None:
    said = {"password1": "a long and new one", "password2": "a long and new one"}
    for user, status in ((world.own.teacher.pk, 302), (world.foreign.teacher.pk, 404), (UNKNOWN, 404), ("1 OR 1", 404)):
        with undone():  # undoes the session too, which a new password renews
            ada = with_session(world.users["admin"])
            assert ada.post(f"/admin/lessons/user/{user}/password/", said).status_code == status, user


def test_what_somebody_does_elsewhere_is_no_part_of_the_history(world: World) -> None:
    """For a person in two schools, each admin changes the roles in their own school and reads nothing of the other."""
    both = world.own.teacher
    there = MembershipFactory.create(user=both, school=world.foreign.school, role=Role.TEACHER)
    row = {"id": there.pk, "user": both.pk, "school": world.foreign.school.pk, "role": "office", "position": "Head"}
    form: dict[str, Any] = {"memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 1}
    form |= {f"memberships-0-{name}": value for name, value in row.items()}
    assert with_session(world.foreign.admin).post(url(User, "change", both.pk), form).status_code == 302
    assert Membership.objects.get(pk=there.pk).role == Role.OFFICE
    ada = with_session(world.users["admin"])
    for page in ("change", "history"):
        assert FOREIGN not in ada.get(url(User, page, both.pk)).content.decode(), page
    assert ada.get(url(User, "history", world.own.office.pk)).status_code == 200
    assert FOREIGN in with_session(world.superuser).get(url(User, "history", both.pk)).content.decode()


@pytest.mark.parametrize("name", ["teacher", "office", "client"])
def test_a_filter_finds_nothing_of_the_other_school(name: str, world: World) -> None:
    client, foreign, found = with_token(world.token(world.users[name])), world.foreign, 0
    asked: dict[str, Any] = {"school": foreign.school.pk, "group": foreign.due.group_id, "source": FOREIGN}
    asked |= {"teacher": foreign.teacher.pk, "student": foreign.student.pk, "external_id": f"{FOREIGN}-s"}
    for pattern in ("lessons", "groups", "students", "enrolments", "planned-absences", "schools", "stats"):
        for key, value in asked.items():
            answer = client.get(f"/api/v1/{pattern}", {key: value})
            assert answer.status_code < 500, (pattern, key)
            if answer.status_code == 200:
                assert FOREIGN not in answer.content.decode(), (pattern, key)
                found += 1
    assert found > 5


@pytest.mark.parametrize("name", ["teacher", "office", "admin", "operator"])
def test_the_api_keeps_schools_apart_by_session_too(name: str, world: World) -> None:
    client = with_session(world.users[name])
    for pattern, method in routes():
        if pattern.startswith("api/v1/") and "<id:" in pattern and not pattern.startswith(REPORTING):
            with undone():
                answer = ask(client, pattern, method, world.foreign)
                assert answer.status_code == 404, (method, pattern, answer.status_code)
                assert FOREIGN not in answer.content.decode()


@pytest.mark.parametrize("door", ["token", "session"])
def test_a_colleague_sees_no_lesson_where_cover_is_not_open(door: str, world: World) -> None:
    world.own.school.open_cover = False
    world.own.school.save(update_fields=["open_cover"])
    colleague = User.objects.get(username="colleague")
    client = with_token(world.token(colleague)) if door == "token" else with_session(colleague)
    for pattern, method in routes():
        api = pattern.startswith("api/v1/")
        if "<id:" in pattern and not pattern.startswith(REPORTING) and api == (door == "token"):
            with undone():
                answer = ask(client, pattern, method, world.own)
                assert answer.status_code in (404, 405), (method, pattern, answer.status_code)
