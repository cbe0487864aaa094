"""Users and their roles in the admin: whom an admin may change, and that nobody gains rights."""

from typing import Any

import pytest
from django.test import Client

from lessons.factories import MembershipFactory, SchoolFactory, UserFactory, person
from lessons.models import Membership, RefreshToken, Role, School, User

pytestmark = pytest.mark.django_db

PASSWORDS = {
    "password1": "correct horse battery",
    "password2": "correct horse battery",
    "usable_password": "true",
}
ROLES = "memberships-{}".format


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture
def alice(school: School) -> User:
    """Returns an admin of the school."""
    return person(school, Role.ADMIN, "alice", is_staff=True)


@pytest.fixture
def bob(school: School) -> User:
    """Returns a teacher of the school."""
    return person(school, Role.TEACHER, "bob")


@pytest.fixture
def admin(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def rows(*memberships: dict[str, Any]) -> dict[str, Any]:
    """Returns the inline of roles as a form posts it."""
    existing = [row for row in memberships if row.get("id")]
    form: dict[str, Any] = {ROLES("TOTAL_FORMS"): len(memberships), ROLES("INITIAL_FORMS"): len(existing)}
    for number, row in enumerate(memberships):
        form |= {f"memberships-{number}-{field}": value for field, value in row.items()}
    return form


def change(admin: Client, user: User, *memberships: dict[str, Any], **fields: Any) -> Any:
    form = {"username": user.username, "name": user.name, "email": user.email, "is_active": "on"}
    return admin.post(f"/admin/lessons/user/{user.pk}/change/", {**form, **fields, **rows(*memberships)})


def test_an_admin_adds_a_teacher(admin: Client, school: School) -> None:
    form = {"username": "carol", "name": "Carol Ní Bhriain", **PASSWORDS}
    response = admin.post("/admin/lessons/user/add/", form | rows({"school": school.pk, "role": "teacher"}))
    carol = User.objects.get(username=f"carol@{school.urn}")
    assert response["Location"] == f"/admin/lessons/user/{carol.pk}/change/"
    assert [(m.school, m.role) for m in carol.memberships.all()] == [(school, Role.TEACHER)]


def test_a_new_user_needs_a_role_in_the_school(admin: Client) -> None:
    admin.post("/admin/lessons/user/add/", {"username": "carol", "name": "Carol", **PASSWORDS} | rows())
    assert not User.objects.filter(name="Carol").exists()


@pytest.mark.parametrize("power", ["is_superuser", "is_staff"])
def test_powers_cannot_be_smuggled_into_a_new_user(admin: Client, school: School, power: str) -> None:
    form = {"username": "carol", "name": "Carol", **PASSWORDS, power: "on"}
    admin.post("/admin/lessons/user/add/", form | rows({"school": school.pk, "role": "admin"}))
    assert getattr(User.objects.get(name="Carol"), power) is False


@pytest.mark.parametrize("power", ["is_superuser", "is_staff"])
def test_powers_cannot_be_smuggled_into_a_user(admin: Client, bob: User, power: str) -> None:
    change(admin, bob, name="Robert", **{power: "on"}, groups="1", user_permissions="1")
    bob.refresh_from_db()
    assert (bob.name, getattr(bob, power), bob.user_permissions.count()) == ("Robert", False, 0)


def test_an_admin_cannot_raise_herself(admin: Client, alice: User) -> None:
    change(admin, alice, is_superuser="on")
    alice.refresh_from_db()
    assert not alice.is_superuser


def test_an_admin_gives_no_role_in_another_school(admin: Client, bob: User) -> None:
    response = change(admin, bob, {"school": SchoolFactory.create().pk, "role": "teacher", "user": bob.pk})
    assert response.status_code == 200
    assert bob.memberships.count() == 1


@pytest.mark.parametrize("school_id", ["", "own"])
def test_an_admin_makes_no_operator(admin: Client, school: School, bob: User, school_id: str) -> None:
    row = {"school": school.pk if school_id else "", "role": "operator", "user": bob.pk}
    assert change(admin, bob, row).status_code == 200
    assert admin.post("/admin/lessons/membership/add/", row).status_code == 200
    assert bob.memberships.count() == 1


def test_the_role_of_an_operator_is_not_offered(admin: Client, bob: User) -> None:
    assert b'value="operator"' not in admin.get(f"/admin/lessons/user/{bob.pk}/change/").content


def test_a_role_is_changed(admin: Client, school: School, bob: User) -> None:
    role = bob.memberships.get()
    change(admin, bob, {"id": role.pk, "user": bob.pk, "school": school.pk, "role": "office"})
    role.refresh_from_db()
    assert role.role == Role.OFFICE


def test_nobody_has_a_role_twice(admin: Client, school: School, bob: User) -> None:
    response = change(admin, bob, {"user": bob.pk, "school": school.pk, "role": "teacher"})
    assert "already exists" in response.content.decode()


def test_a_role_in_another_school_is_neither_shown_nor_changed(admin: Client, school: School, bob: User) -> None:
    elsewhere = MembershipFactory.create(user=bob, position="Head of Elsewhere")
    assert b"Elsewhere" not in admin.get(f"/admin/lessons/user/{bob.pk}/change/").content
    change(admin, bob, {"id": elsewhere.pk, "user": bob.pk, "school": school.pk, "role": "admin", "DELETE": "on"})
    elsewhere.refresh_from_db()
    assert elsewhere.role == Role.TEACHER


def test_the_list_shows_no_role_in_another_school(admin: Client, bob: User) -> None:
    MembershipFactory.create(user=bob, school=SchoolFactory.create(name="Elsewhere"))
    assert b"Elsewhere" not in admin.get("/admin/lessons/user/").content


def test_the_list_is_not_filtered_by_a_role_in_another_school(admin: Client, alice: User, bob: User) -> None:
    MembershipFactory.create(user=bob, role=Role.ADMIN)
    assert list(admin.get("/admin/lessons/user/?role=admin").context["cl"].result_list) == [alice]


@pytest.fixture(params=["teaches elsewhere", "operator", "superuser"])
def shared(request: pytest.FixtureRequest, bob: User) -> User:
    """Returns a user whom the school shares with another."""
    if request.param == "superuser":
        bob.is_superuser = True
        bob.save()
    else:
        operator = request.param == "operator"
        school, role = (None, Role.OPERATOR) if operator else (SchoolFactory.create(), Role.TEACHER)
        MembershipFactory.create(user=bob, school=school, role=role)
    return bob


def test_a_shared_user_keeps_name_and_sign_in(admin: Client, shared: User) -> None:
    change(admin, shared, name="Mallory", username="mallory", email="m@example.org", is_active="")
    after = User.objects.get(pk=shared.pk)
    assert (after.name, after.username, after.email) == (shared.name, shared.username, shared.email)
    assert after.is_active


def test_a_shared_users_password_is_not_changed(admin: Client, shared: User) -> None:
    assert admin.get(f"/admin/lessons/user/{shared.pk}/password/").status_code == 403
    assert admin.post(f"/admin/lessons/user/{shared.pk}/password/", PASSWORDS).status_code == 403


def test_a_shared_users_hash_is_not_shown(admin: Client, shared: User) -> None:
    shared.set_password("correct horse battery")
    shared.save()
    assert b"argon2" not in admin.get(f"/admin/lessons/user/{shared.pk}/change/").content


def test_a_shared_users_role_in_the_school_is_changed(admin: Client, school: School, shared: User) -> None:
    own = shared.memberships.get(school=school)
    change(admin, shared, {"id": own.pk, "user": shared.pk, "school": school.pk, "role": "office"})
    own.refresh_from_db()
    assert own.role == Role.OFFICE


def test_a_password_is_changed(admin: Client, bob: User) -> None:
    form = {**PASSWORDS, "set-password": "1"}
    assert admin.post(f"/admin/lessons/user/{bob.pk}/password/", form).status_code == 302
    bob.refresh_from_db()
    assert bob.check_password(PASSWORDS["password1"])


def test_another_schools_password_is_404(admin: Client) -> None:
    stranger = MembershipFactory.create().user
    assert admin.post(f"/admin/lessons/user/{stranger.pk}/password/", PASSWORDS).status_code == 404


def test_an_admin_deletes_no_user(admin: Client, bob: User) -> None:
    assert admin.post(f"/admin/lessons/user/{bob.pk}/delete/", {"post": "yes"}).status_code == 403
    picked = {"action": "delete_selected", "_selected_action": bob.pk, "post": "yes"}
    admin.post("/admin/lessons/user/", picked)
    assert User.objects.filter(pk=bob.pk).exists()


def test_a_superuser_makes_an_operator_and_grants_powers(client: Client, bob: User) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    change(client, bob, {"school": "", "role": "operator", "user": bob.pk}, is_staff="on")
    bob.refresh_from_db()
    assert bob.is_staff
    assert Membership.objects.filter(user=bob, role=Role.OPERATOR, school=None).exists()


def test_an_operator_with_a_school_is_an_error_of_the_form(client: Client, school: School, bob: User) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    response = change(client, bob, {"school": school.pk, "role": "operator", "user": bob.pk})
    assert "An operator is national" in response.content.decode()


def test_refresh_tokens_are_listed_and_revoked(admin: Client, school: School, bob: User) -> None:
    token = RefreshToken.objects.create(family="a", jti="a", user=bob, school=school, expires_at="2026-09-14T20:00Z")
    foreign = RefreshToken.objects.create(family="b", jti="b", user=bob, school=None, expires_at="2026-09-14T20:00Z")
    assert list(admin.get("/admin/lessons/refreshtoken/").context["cl"].result_list) == [token]
    picked = {"action": "delete_selected", "_selected_action": [token.pk, foreign.pk], "post": "yes"}
    admin.post("/admin/lessons/refreshtoken/", picked)
    assert list(RefreshToken.objects.all()) == [foreign]
    assert admin.get("/admin/lessons/refreshtoken/add/").status_code == 403
