"""Probes: `/healthz` and `/readyz`."""

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from absences.store import mongo


def test_healthz_touches_nothing(client: Client) -> None:
    """Without the database mark, any SQL fails this test."""
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "sql": "ok", "migrations": "ok", "mongodb": "ok"}


@pytest.mark.django_db
def test_not_ready_without_mongodb(client: Client, settings: Settings) -> None:
    mongo.close()
    settings.MONGODB_URL, settings.MONGODB_TIMEOUT = "mongodb://127.0.0.1:1/", 0.8
    response = client.get("/readyz")
    mongo.close()
    assert (response.status_code, response.json()["mongodb"]) == (503, "unreachable")


@pytest.mark.django_db
def test_not_ready_with_a_migration_pending(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'lessons'")
    assert client.get("/readyz").json()["migrations"] == "pending"
