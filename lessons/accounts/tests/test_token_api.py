"""Tokens for a password, and their rotation."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences.tests.threads import at_once
from lessons.accounts import authentication, tokens
from lessons.errors import BadToken
from lessons.factories import GroupFactory, MembershipFactory, SchoolFactory, StudentFactory, person
from lessons.models import RefreshToken, Role, School, User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def user(school: School) -> User:
    user = person(school, Role.OFFICE, "olive", name="Olive Grant")
    user.set_password(PASSWORD)
    user.save()
    return user


def post(path: str, **body: object) -> Any:
    return Client().post(path, body, content_type="application/json")


def sign_in(**more: object) -> Any:
    return post("/api/v1/token", username="olive", password=PASSWORD, **more)


def test_the_access_token_says_who_and_where(user: User, school: School) -> None:
    claims = tokens.verify(sign_in().json()["access"], "access")
    assert (claims["sub"], claims["name"], claims["position"]) == (str(user.pk), "Olive Grant", "Office")
    assert (claims["school"], claims["nation"], claims["roles"]) == (school.pk, "england", ["office"])
    assert (claims["iss"], claims["aud"], claims["exp"] - claims["iat"]) == ("attendance", "attendance", 600)


def test_an_operator_has_no_school() -> None:
    operator = person(None, Role.OPERATOR, "olive")
    operator.set_password(PASSWORD)
    operator.save()
    claims = tokens.verify(sign_in().json()["access"], "access")
    assert (claims["school"], claims["nation"], claims["roles"]) == (None, None, ["operator"])


def test_who_has_two_schools_says_which(user: User) -> None:
    other = SchoolFactory.create()
    MembershipFactory.create(user=user, role=Role.TEACHER, school=other)
    assert sign_in().status_code == 400
    claims = tokens.verify(sign_in(school=other.pk).json()["access"], "access")
    assert (claims["school"], claims["roles"]) == (other.pk, ["teacher"])
    assert sign_in(school=SchoolFactory.create().pk).status_code == 403


def test_wrong_password_unknown_and_inactive_are_alike(user: User) -> None:
    wrong = post("/api/v1/token", username="olive", password="guess")
    unknown = post("/api/v1/token", username="nobody", password="guess")
    User.objects.update(is_active=False)
    inactive = sign_in()
    answers = {(each.status_code, each.json()["detail"]) for each in (wrong, unknown, inactive)}
    assert answers == {(401, "The user name or the password is wrong.")}


@pytest.mark.parametrize(
    "body",
    [{}, {"username": "olive"}, {"username": {"$gt": ""}, "password": "x"}, {"username": "a", "password": ["x"]}],
)
def test_malformed_bodies_are_400(body: dict[str, object]) -> None:
    response = post("/api/v1/token", **body)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")


def test_a_refresh_token_is_good_once(user: User) -> None:
    first = sign_in().json()["refresh"]
    second = post("/api/v1/token/refresh", refresh=first)
    assert second.status_code == 200
    third = post("/api/v1/token/refresh", refresh=second.json()["refresh"])
    assert third.status_code == 200
    assert post("/api/v1/token/refresh", refresh=first).status_code == 401


def test_an_exchange_writes_nothing_else_of_the_sign_in(user: User) -> None:
    refresh = sign_in().json()["refresh"]
    with CaptureQueriesContext(connection) as seen:
        assert post("/api/v1/token/refresh", refresh=refresh).status_code == 200
    [update] = [each["sql"] for each in seen if each["sql"].startswith('UPDATE "lessons_refreshtoken"')]
    assert re.findall(r'"(\w+)" = ', update.partition(" WHERE ")[0]) == ["jti", "expires_at"]


def jti_and_end(refresh: str) -> tuple[Any, Any]:
    claims = tokens.verify(refresh, "refresh")
    return claims["jti"], claims["exp"]


def test_an_answer_that_was_lost_is_given_again(user: User) -> None:
    first = sign_in().json()["refresh"]
    answers = [post("/api/v1/token/refresh", refresh=first).json() for _ in range(3)]
    assert len({jti_and_end(answer["refresh"]) for answer in answers}) == 1
    for answer in answers:
        client = Client(headers={"authorization": f"Bearer {answer['access']}"})
        assert client.get("/api/v1/groups").status_code == 200
    again = [post("/api/v1/token/refresh", refresh=answer["refresh"]).json() for answer in answers]
    assert len({jti_and_end(answer["refresh"]) for answer in again}) == 1, "whichever answer arrived"
    assert {jti_and_end(answer["refresh"]) for answer in again}.isdisjoint(jti_and_end(a["refresh"]) for a in answers)


@pytest.mark.parametrize(("seconds", "given"), [(0, True), (9.9, True), (10, True), (10.1, False), (3600, False)])
def test_later_than_ten_seconds_it_is_theft(seconds: float, given: bool, user: User, school: School) -> None:
    """It ends its own family and no other. The ten seconds run from the first exchange, however often it is
    repeated."""
    begun = timezone.now() - timedelta(hours=2)
    stolen, other = (authentication.token_pair(user, school.pk, now=begun)["refresh"] for _ in range(2))
    heir = authentication.rotate(stolen, now=begun)["refresh"]
    assert authentication.rotate(stolen, now=begun + timedelta(seconds=min(seconds, 8)))["access"]
    if given:
        again = authentication.rotate(stolen, now=begun + timedelta(seconds=seconds))["refresh"]
        assert jti_and_end(again) == jti_and_end(heir)
    else:
        with pytest.raises(BadToken):
            authentication.rotate(stolen, now=begun + timedelta(seconds=seconds))
    assert post("/api/v1/token/refresh", refresh=heir).status_code == (200 if given else 401)
    assert post("/api/v1/token/refresh", refresh=other).status_code == 200


def test_once_the_successor_was_exchanged_it_is_theft_at_once(user: User) -> None:
    stolen, other = sign_in().json()["refresh"], sign_in().json()["refresh"]
    heir = post("/api/v1/token/refresh", refresh=stolen).json()["refresh"]
    last = post("/api/v1/token/refresh", refresh=heir).json()["refresh"]
    assert post("/api/v1/token/refresh", refresh=stolen).status_code == 401
    assert post("/api/v1/token/refresh", refresh=last).status_code == 401
    assert post("/api/v1/token/refresh", refresh=other).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_once_are_given_the_same(user: User) -> None:
    first, given = sign_in().json()["refresh"], list[Any]()

    def tab() -> None:
        given.append(post("/api/v1/token/refresh", refresh=first).json()["refresh"])

    at_once(*[tab] * 4)
    assert len(given) == 4 and len({jti_and_end(refresh) for refresh in given}) == 1
    assert post("/api/v1/token/refresh", refresh=given[0]).status_code == 200


@pytest.mark.parametrize("repeated", [False, True])
def test_a_repetition_needs_what_the_exchange_needs(repeated: bool, user: User) -> None:
    first = sign_in().json()["refresh"]
    if repeated:
        assert post("/api/v1/token/refresh", refresh=first).status_code == 200
    new_password(user)
    assert post("/api/v1/token/refresh", refresh=first).status_code == 401
    assert not RefreshToken.objects.exists()


def test_signing_out_ends_the_refresh_token_and_no_other(user: User) -> None:
    first, other = sign_in().json()["refresh"], sign_in().json()["refresh"]
    assert post("/api/v1/token/revoke", refresh=first).status_code == 204
    assert post("/api/v1/token/revoke", refresh=first).status_code == 204
    assert post("/api/v1/token/refresh", refresh=first).status_code == 401
    assert post("/api/v1/token/refresh", refresh=other).status_code == 200
    assert post("/api/v1/token/revoke", refresh="x").status_code == 401


def new_password(user: User) -> None:
    user.set_password("another good one")
    user.save()


@pytest.mark.parametrize(
    "change",
    [
        new_password,
        lambda user: User.objects.update(is_active=False),
        lambda user: user.memberships.update(role=Role.TEACHER),
        lambda user: MembershipFactory.create(user=user, school=School.objects.get(), role=Role.TEACHER),
        lambda user: user.memberships.all().delete(),
        lambda user: User.objects.all().delete(),
    ],
    ids=["password", "deactivated", "role changed", "role added", "role taken away", "deleted"],
)
def test_what_a_token_stands_on_changes_and_it_ends(user: User, change: Callable[[User], object]) -> None:
    pair = sign_in().json()
    client = Client(headers={"authorization": f"Bearer {pair['access']}"})
    assert client.get("/api/v1/groups").status_code == 200
    change(user)
    assert client.get("/api/v1/groups").status_code == 401
    assert post("/api/v1/token/refresh", refresh=pair["refresh"]).status_code == 401


def test_what_a_token_does_not_stand_on_changes_nothing(user: User) -> None:
    pair = sign_in().json()
    MembershipFactory.create(user=user, school=SchoolFactory.create(), role=Role.TEACHER)
    user.memberships.update(position="Head of office")
    User.objects.update(name="Olive Grant-Lee", last_login=timezone.now())
    client = Client(headers={"authorization": f"Bearer {pair['access']}"})
    assert client.get("/api/v1/groups").status_code == 200
    assert post("/api/v1/token/refresh", refresh=pair["refresh"]).status_code == 200


def test_no_token_is_kept(user: User) -> None:
    pair = sign_in().json()
    stored = RefreshToken.objects.get()
    assert stored.jti not in pair.values() and pair["refresh"] not in str(vars(stored))
    heir = post("/api/v1/token/refresh", refresh=pair["refresh"]).json()["refresh"]
    stored.refresh_from_db()
    known = str(vars(stored))
    assert heir not in known and tokens.verify(pair["refresh"], "refresh")["jti"] not in known


def test_types_are_not_exchangeable(user: User) -> None:
    pair = sign_in().json()
    assert post("/api/v1/token/refresh", refresh=pair["access"]).status_code == 401
    answer = Client(headers={"authorization": f"Bearer {pair['refresh']}"}).get("/api/v1/groups")
    assert answer.status_code == 401


def test_lists_of_the_own_school(user: User, school: School) -> None:
    group, _ = GroupFactory.create(school=school, source="mis", external_id="g1"), GroupFactory.create()
    student, _ = StudentFactory.create(school=school), StudentFactory.create()
    client = Client(headers={"authorization": f"Bearer {sign_in().json()['access']}"})
    for name, own in (("groups", group), ("students", student), ("schools", school)):
        assert [each["id"] for each in client.get(f"/api/v1/{name}").json()["results"]] == [own.pk]
    assert client.get("/api/v1/groups?source=mis&external_id=g2").json()["results"] == []
    assert client.get("/api/v1/groups?updated_since=2999-01-01T00:00:00Z").json()["results"] == []
    assert client.get("/api/v1/groups?updated_since=now").status_code == 400
    assert Client().get("/api/v1/students").status_code == 401
