"""The admin, as every kind of user: a school's admin finds nothing of the other school in lists, searches, choices or
objects."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import ForeignKey
from django.urls import reverse

from attendance_site.tests.doors.asking import undone
from attendance_site.tests.doors.world import FOREIGN, World, with_session
from attendance_site.tests.urls import patterns
from lessons.models import ApiClient, LocalAuthority, RefreshToken, School

pytestmark = pytest.mark.django_db

MODELS = [model for model in admin.site._registry if model is not LocalAuthority]
PAGES = ("change", "delete", "history")


@pytest.fixture
def world() -> World:
    world = World()
    for user in world.users.values():
        if user.access.acting or user.access.is_operator:
            world.token(user)  # issues each user a refresh token
    return world


def url(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def of(world: World, model: Any, place: Any) -> Any:
    """Returns a school's row of a model."""
    if model is School:
        return place.school
    if model.__name__ == "User":
        return place.teacher
    school_path = admin.site.get_model_admin(model).school_path  # type: ignore[attr-defined]
    return model.objects.filter(**{school_path: place.school}).order_by("pk").first()


def test_every_address_of_the_admin_is_asked() -> None:
    of_models = {url(model, "changelist")[1:] for model in admin.site._registry}
    walked = {pattern for pattern in patterns() if any(pattern.startswith(start) for start in of_models)}
    rest = {pattern for pattern in patterns() if pattern.startswith("admin/")} - walked
    row = "<path:object_id>/"
    assert {pattern.split("/", 3)[3] for pattern in walked} == {
        *("", "add/", row, "<id>/password/"),  # passwords are in `test_side_doors.py`
        *(f"{row}{page}/" for page in PAGES),
    }
    assert {pattern.removeprefix("admin/") for pattern in rest} == {
        *("", "login/", "logout/", "password_change/", "password_change/done/", "autocomplete/", "jsi18n/"),
        *("^(?P<app_label>lessons)/$", "(?P<url>.*)$"),
    }


def test_a_schools_admin_sees_nothing_of_the_other(world: World) -> None:
    ada = with_session(world.users["admin"])
    for model in MODELS:
        own, foreign = of(world, model, world.own), of(world, model, world.foreign)
        if own is None or foreign is None:
            assert model.__name__ in ("FeedCounter",), model
            continue
        pages = [url(model, "changelist"), url(model, "add"), *(url(model, page, own.pk) for page in PAGES)]
        asked = [f"{pages[0]}?{each}" for each in (f"q={FOREIGN[2:]}", "all=", f"school__id__exact={foreign.pk}")]
        for path in (*pages, *asked):
            with undone():
                answer = ada.get(path, follow=True)
            assert answer.status_code in (200, 400, 403), path  # 400: a list without a school
            assert FOREIGN not in answer.content.decode(), path
        for page in PAGES:
            for method in (ada.get, ada.post):
                with undone():
                    assert method(url(model, page, foreign.pk)).status_code in (404, 403), (model, page)
                assert method(url(model, page, "1 OR 1=1")).status_code in (404, 403)
            assert ada.get(url(model, page, foreign.pk)).status_code == ada.get(url(model, page, 10**12)).status_code
        with undone():
            action = {"action": "delete_selected", "_selected_action": [foreign.pk], "post": "yes"}
            assert FOREIGN not in ada.post(url(model, "changelist"), action, follow=True).content.decode()
            assert of(world, model, world.foreign) == foreign


def test_nothing_of_the_other_school_is_offered(world: World) -> None:
    """By autocompletion, for every foreign key that has it, whatever is typed."""
    ada, asked = with_session(world.users["admin"]), 0
    for model in MODELS:
        for field in model._meta.get_fields():
            if not isinstance(field, ForeignKey):
                continue
            for term in ("", FOREIGN, "Pupil"):
                of = {"app_label": "lessons", "model_name": str(model._meta.model_name), "field_name": field.name}
                query = of | {"term": term}
                answer = ada.get("/admin/autocomplete/", query)
                assert answer.status_code in (200, 403), (model, field.name)
                assert FOREIGN not in answer.content.decode(), (model, field.name)
                asked += answer.status_code == 200
    assert asked > 20


def test_who_is_no_admin_of_a_school_gets_in_nowhere(world: World) -> None:
    for name, user in {**world.users, "nobody": None}.items():
        if name == "admin":
            continue
        client = with_session(user)
        for model in MODELS:
            row = of(world, model, world.own)
            for path in (url(model, "changelist"), url(model, "add"), url(model, "change", row.pk if row else 1)):
                for method in (client.get, client.post):
                    answer = method(path)
                    assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={path}"), name
        sign_in = client.get(f"/admin/login/?next={path}")
        assert sign_in.status_code == 403 or sign_in["Location"].startswith("/accounts/login/"), name


def test_no_secret_is_shown(world: World) -> None:
    """Not even to a superuser."""
    root, world_client = with_session(world.superuser), ApiClient.objects.first()
    token = RefreshToken.objects.first()
    assert world_client and token
    secrets = {world_client.secret_hash, token.family, token.jti, world.own.teacher.password or "no password"}
    for model in MODELS:
        row = of(world, model, world.own)
        for path in [url(model, "changelist"), *([url(model, "change", row.pk)] if row else [])]:
            text = root.get(path).content.decode()
            assert not [secret for secret in secrets if secret in text], path
