"""API clients in the admin: created per school, the secret shown once, revoked and never deleted."""

import re
from typing import Any

import pytest
from django.test import Client

from lessons.factories import CLIENT_SECRET, ApiClientFactory, SchoolFactory, person
from lessons.models import ApiClient, Membership, Role, School, User

pytestmark = pytest.mark.django_db

LIST = "/admin/lessons/apiclient/"


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture
def admin(client: Client, school: School) -> Client:
    client.force_login(person(school, Role.ADMIN, "alice", is_staff=True))
    return client


@pytest.fixture
def mis(school: School) -> ApiClient:
    return ApiClientFactory.create(school=school)


def shown(page: Any) -> tuple[str, str]:
    """Returns client id and secret."""
    found = re.findall(r'<code id="client-(?:id|secret)">([^<]+)</code>', page.content.decode())
    return found[0], found[1]


def status(client_id: str, secret: str) -> int:
    body = {"client_id": client_id, "client_secret": secret}
    return Client().post("/api/v1/token", body, content_type="application/json").status_code


def test_an_admin_makes_one_and_sees_its_secret_once(admin: Client, school: School) -> None:
    page = admin.post(f"{LIST}add/", {"school": school.pk, "name": "Bright MIS", "scopes": ["read", "report"]})
    client_id, secret = shown(page)
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    assert status(client_id, secret) == 200
    made = ApiClient.objects.get(client_id=client_id)
    assert (made.school, made.scopes, made.user.name) == (school, "read report", "Bright MIS")
    assert not made.user.has_usable_password()
    assert list(Membership.objects.filter(user=made.user).values_list("school", "role")) == [(school.pk, "integrator")]
    for page in (admin.get(LIST), admin.get(f"{LIST}{made.pk}/change/"), admin.get(f"{LIST}{made.pk}/history/")):
        assert client_id in page.content.decode() or "Bright MIS" in page.content.decode()
        assert secret not in page.content.decode() and made.secret_hash not in page.content.decode()


def test_scopes_and_name_are_changed(admin: Client, mis: ApiClient) -> None:
    page = f"{LIST}{mis.pk}/change/"
    assert admin.get(page).content.decode().count("checked") == 3
    assert admin.post(page, {"name": "Other", "scopes": ["read", "notes"], "school": 999}).status_code == 302
    mis = ApiClient.objects.get()
    assert (mis.user.name, mis.scopes, mis.school_id) == ("Other", "read notes", mis.school_id)
    assert admin.post(page, {"name": "Other", "scopes": ["everything"]}).status_code == 200
    assert ApiClient.objects.get().scopes == "read notes"


def test_a_new_secret_ends_the_old_one(admin: Client, mis: ApiClient) -> None:
    form = {"name": "MIS", "scopes": ["read"], "_new_secret": "1"}
    client_id, secret = shown(admin.post(f"{LIST}{mis.pk}/change/", form))
    assert (status(client_id, secret), status(client_id, CLIENT_SECRET)) == (200, 401)


@pytest.mark.parametrize("by", ["button", "action"])
def test_a_revoked_one_signs_in_no_more_and_stays(admin: Client, mis: ApiClient, by: str) -> None:
    page = f"{LIST}{mis.pk}/change/"
    if by == "button":
        admin.post(page, {"name": "MIS", "scopes": ["read"], "_revoke": "1"})
    else:
        admin.post(LIST, {"action": "revoke", "_selected_action": [mis.pk]})
    assert status(mis.client_id, CLIENT_SECRET) == 401
    assert admin.get(page).status_code == 200
    assert admin.post(page, {"name": "MIS", "scopes": ["read"], "_new_secret": "1"}).status_code == 403
    assert admin.post(f"{LIST}{mis.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ApiClient.objects.get().revoked_at is not None


def test_another_schools_client_is_404(admin: Client) -> None:
    foreign = ApiClientFactory.create()
    assert foreign.client_id not in admin.get(LIST).content.decode()
    for page in ("change", "history", "delete"):
        assert admin.get(f"{LIST}{foreign.pk}/{page}/").status_code == 404
    admin.post(LIST, {"action": "revoke", "_selected_action": [foreign.pk]})
    assert ApiClient.objects.get().revoked_at is None
    made = {"school": foreign.school_id, "name": "Mine?", "scopes": ["read"]}
    assert admin.post(f"{LIST}add/", made).status_code == 200
    assert ApiClient.objects.count() == 1


def test_its_user_is_no_person(admin: Client, mis: ApiClient, school: School) -> None:
    """It gets no password and no other role."""
    [role] = mis.user.memberships.all()
    assert admin.get(f"/admin/lessons/user/{mis.user_id}/change/").status_code == 404
    assert admin.get(f"/admin/lessons/user/{mis.user_id}/password/").status_code == 404
    assert admin.get(f"/admin/lessons/membership/{role.pk}/change/").status_code == 404
    form = {"user": mis.user_id, "school": school.pk, "role": "admin"}
    assert admin.post("/admin/lessons/membership/add/", form).status_code == 200
    assert User.objects.get(pk=mis.user_id).memberships.count() == 1
