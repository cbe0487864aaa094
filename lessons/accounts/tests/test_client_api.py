"""Tokens for other systems: client id and secret, scopes, revocation."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone

from lessons.accounts import tokens
from lessons.factories import CLIENT_SECRET, ApiClientFactory, GroupFactory, SchoolFactory
from lessons.models import ApiClient, Scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> ApiClient:
    return ApiClientFactory.create(scopes="read report")


def sign_in(client: ApiClient, secret: str = CLIENT_SECRET) -> Any:
    body = {"client_id": client.client_id, "client_secret": secret}
    return Client().post("/api/v1/token", body, content_type="application/json")


def api(token: str) -> Client:
    return Client(headers={"authorization": f"Bearer {token}"})


def test_a_client_gets_an_access_token_for_its_school(client: ApiClient) -> None:
    answer = sign_in(client)
    claims = tokens.access_claims(tokens.verify(answer.json()["access"], "access"))
    assert (answer.status_code, set(answer.json()), answer.json()["expires_in"]) == (200, {"access", "expires_in"}, 600)
    assert (claims.user_id, claims.school_id) == (client.user_id, client.school_id)
    assert claims.scopes == {Scope.READ, Scope.REPORT}
    client.refresh_from_db()
    assert client.last_used_at is not None


def test_wrong_unknown_and_revoked_are_alike(client: ApiClient) -> None:
    wrong = sign_in(client, "wrong")
    unknown = sign_in(ApiClientFactory.build(school=client.school, user=client.user, client_id="client-0"))
    ApiClient.objects.update(revoked_at=timezone.now())
    answers = {(each.status_code, each.json()["detail"]) for each in (wrong, unknown, sign_in(client))}
    assert answers == {(401, "The client id or the secret is wrong.")}


@pytest.mark.parametrize(
    "body",
    [{"client_id": "x"}, {"client_id": ["x"], "client_secret": "y"}, {"client_id": "x", "client_secret": {"$gt": ""}}],
)
def test_malformed_bodies_are_400(body: dict[str, object]) -> None:
    assert Client().post("/api/v1/token", body, content_type="application/json").status_code == 400


def test_only_a_hash_of_the_secret_is_kept(client: ApiClient) -> None:
    secret = client.set_secret()
    client.save()
    assert sign_in(client, secret).status_code == 200
    assert sign_in(client).status_code == 401
    assert secret not in str(ApiClient.objects.values().get())


def test_what_it_lacks_the_scope_for_is_403(client: ApiClient) -> None:
    group = GroupFactory.create(school=client.school)
    reading = api(sign_in(client).json()["access"])
    assert [each["id"] for each in reading.get("/api/v1/groups").json()["results"]] == [group.pk]
    assert reading.post("/api/v1/lessons/1/complete").status_code == 403
    ApiClient.objects.update(scopes="report")
    assert api(sign_in(client).json()["access"]).get("/api/v1/groups").status_code == 403


@pytest.mark.parametrize("change", [{"scopes": "report"}, {"secret_hash": "x"}, {"revoked_at": timezone.now()}])
def test_a_change_ends_the_tokens_that_are_about(client: ApiClient, change: dict[str, object]) -> None:
    reading = api(sign_in(client).json()["access"])
    assert reading.get("/api/v1/groups").status_code == 200
    ApiClient.objects.update(**change)
    assert reading.get("/api/v1/groups").status_code == 401


def test_a_client_is_of_one_school(client: ApiClient) -> None:
    other = GroupFactory.create(school=SchoolFactory.create())
    assert str(other.name) not in api(sign_in(client).json()["access"]).get("/api/v1/groups").content.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [("read report", "read report upns"), ("report", "report"), ("read upns", "read upns"), ("", "")],
)
def test_an_upgrade_takes_no_upns_from_those_who_read_them(before: str, after: str) -> None:
    """UPNs once came with `read`. The way back leaves no scope that the old release does not know."""
    migration = import_module("lessons.migrations.0012_reasons_and_upns")
    client = ApiClientFactory.create(scopes=before)
    editor = connection.schema_editor()
    migration.grant_upns(apps, editor)
    client.refresh_from_db()
    assert client.scopes == after
    migration.take_upns_back(apps, editor)
    client.refresh_from_db()
    assert client.scopes == before.removesuffix(" upns")
