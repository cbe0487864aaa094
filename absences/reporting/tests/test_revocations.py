"""Tokens signed before somebody lost a role, a password or the account stop working where reports are taken without
SQL."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import Event
from time import monotonic
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from absences.repair import reconcile
from absences.reporting import revocations, tickets
from absences.store import mongo
from absences.tests.api import Api, due_today, signed_in, with_ticket
from absences.tests.commands import LISTENER
from lessons.accounts import revoking, tokens
from lessons.calendar.school_time import milliseconds
from lessons.errors import BadToken, StoreUnavailable
from lessons.factories import ApiClientFactory, MembershipFactory, UserFactory, person
from lessons.lifetimes import LONGEST_LIFE
from lessons.models import ApiClient, Lesson, Membership, Revocation, Role, School, User
from lessons.registers import hooks
from lessons.registers.hooks import Revoked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher, students=1)


@pytest.fixture
def path(lesson: Lesson, roster: list[int]) -> str:
    return f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}"


@pytest.fixture
def alice(teacher: User, lesson: Lesson, roster: list[int], path: str) -> Api:
    """A teacher whose ticket has been accepted once."""
    api = with_ticket(teacher, lesson, roster)
    assert api.put(path).status_code == 202
    return api


@pytest.fixture
def admin(school: School) -> Client:
    client = Client()
    client.force_login(person(school, Role.ADMIN, "ada", is_staff=True))
    return client


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds to add to this process's clock."""
    passed, real = [0.0], monotonic
    monkeypatch.setattr(revocations, "monotonic", lambda: real() + passed[0])
    return passed


def revoke(*users: int, at: datetime | None = None) -> None:
    revocations.revoke([Revoked(user, at or timezone.now()) for user in users])


def test_a_dismissed_teachers_ticket_dies_within_ten_seconds(
    teacher: User, lesson: Lesson, alice: Api, admin: Client, path: str, clock: list[float]
) -> None:
    token = signed_in(teacher)
    [role] = teacher.memberships.all()
    answer = admin.post(f"/admin/lessons/membership/{role.pk}/delete/", {"post": "yes"})
    assert (answer.status_code, Membership.objects.filter(user=teacher).exists()) == (302, False)
    assert token.post(f"/api/v1/lessons/{lesson.pk}/complete").status_code == 401, "at once, where SQL is asked"
    assert alice.put(path).status_code == 202, "read some seconds ago"
    clock[0] = revocations.READ_EVERY
    refused = alice.put(path)
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")


def test_without_sql(alice: Api, teacher: User, path: str, django_assert_num_queries: Any) -> None:
    revoke(teacher.pk)
    revocations.forget()
    with django_assert_num_queries(0):
        assert alice.put(path).status_code == 401


def test_what_is_signed_later_is_good(teacher: User, lesson: Lesson, roster: list[int], path: str) -> None:
    revoke(teacher.pk, at=timezone.now() - timedelta(milliseconds=2))
    assert with_ticket(teacher, lesson, roster).put(path).status_code == 202


@pytest.mark.parametrize(("microseconds", "status"), [(499_999, 202), (500_000, 401), (500_999, 401), (501_000, 401)])
def test_within_one_second_the_milliseconds_count(
    microseconds: int, status: int, teacher: User, lesson: Lesson, roster: list[int], path: str
) -> None:
    """A ticket is issued at 500 ms, and rights change in the same second."""
    second = timezone.now().replace(microsecond=0)
    ticket = tickets.issue(teacher, lesson, roster, second + timedelta(milliseconds=500), sid="")
    revoke(teacher.pk, at=second + timedelta(microseconds=microseconds))
    assert Api(ticket).put(path).status_code == status


def test_a_token_without_milliseconds_may_be_older_than_a_change_in_its_second() -> None:
    revoke(1, at=timezone.now().replace(microsecond=1))
    second = int(timezone.now().replace(microsecond=0).timestamp())
    with pytest.raises(BadToken):
        revocations.check(1, tokens.issued_at({"iat": second}))
    revocations.check(1, tokens.issued_at({"iat": second + 1}))


def test_a_new_client_reports_from_its_first_second_on(
    school: School, lesson: Lesson, admin: Client, path: str
) -> None:
    form = {"school": school.pk, "name": "Timetable", "scopes": ["read", "report"]}
    answer = admin.post("/admin/lessons/apiclient/add/", form)
    assert not Revocation.objects.exists() and mongo.revocations().find_one() is None, "there was no secret before"
    secret = {"client_id": ApiClient.objects.get().client_id, "client_secret": answer.context["secret"]}
    token = Api().post("/api/v1/token", secret).json()["access"]
    assert Api(token).put(path).status_code == 202


def test_what_is_issued_while_the_store_is_away_is_good_when_it_is_back(
    teacher: User, lesson: Lesson, roster: list[int], path: str
) -> None:
    """It was issued with the new rights, although the store learns of them later."""

    def away(revoked: object) -> None:
        raise StoreUnavailable("")

    teacher.memberships.update(role=Role.OFFICE)
    before = with_ticket(teacher, lesson, roster)
    hooks.revokers.insert(0, away)
    revoking.tell_promptly()
    hooks.revokers.remove(away)
    issued = timezone.now() + timedelta(milliseconds=1)
    after = Api(tickets.issue(teacher, lesson, roster, issued, sid=""))
    assert revoking.tell() == 1
    assert [before.put(path).status_code, after.put(path).status_code] == [401, 202]


def test_nobody_else_is_refused(alice: Api, colleague: User, office: User, path: str) -> None:
    olive = signed_in(office)
    revoke(colleague.pk, office.pk)
    revocations.forget()
    assert alice.put(path).status_code == 202
    assert olive.put(path).status_code == 401


WAYS: dict[str, Callable[[User], object]] = {
    "password": lambda user: User.objects.update(password=make_password("another")),
    "deactivated": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "deleted": lambda user: User.objects.filter(pk=user.pk).delete(),
    "role": lambda user: user.memberships.update(role=Role.TEACHER),
    "another's": lambda user: user.memberships.update(user=UserFactory.create()),
    "no role": lambda user: user.memberships.all().delete(),
    "scopes": lambda user: ApiClient.objects.update(scopes="read"),
    "secret": lambda user: ApiClient.objects.update(secret_hash="x"),
    "revoked": lambda user: ApiClient.objects.update(revoked_at=timezone.now()),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_lose_something_is_told(way: str, school: School) -> None:
    user = person(school, Role.OFFICE, "olive")
    if way in ("scopes", "secret", "revoked"):
        user = ApiClientFactory.create(school=school).user
    WAYS[way](user)
    assert user.pk in Revocation.objects.values_list("user_id", flat=True)
    assert reconcile.reconcile(timezone.now()).revoked
    assert mongo.revocations().find_one({"_id": user.pk})
    assert not Revocation.objects.exists()


def test_what_takes_nothing_away_is_not_told(office: User, school: School) -> None:
    office.name, office.last_login = "Olive Grant-Lee", timezone.now()
    office.save()
    office.memberships.update(position="Head of office")
    MembershipFactory.create(user=office, school=school, role=Role.TEACHER)
    ApiClient.objects.update(last_used_at=timezone.now())
    assert not Revocation.objects.exists()


def test_what_could_not_be_told_waits(office: User, mongodb_down: None) -> None:
    office.memberships.all().delete()
    with pytest.raises(StoreUnavailable):
        revoking.tell()
    assert Revocation.objects.count() == 1


def test_the_admin_goes_on_while_it_cannot_be_told(
    teacher: User, admin: Client, mongodb_down: None, caplog: pytest.LogCaptureFixture
) -> None:
    [role] = teacher.memberships.all()
    assert admin.post(f"/admin/lessons/membership/{role.pk}/delete/", {"post": "yes"}).status_code == 302
    assert "could not be published yet" in caplog.text and Revocation.objects.count() == 1


@pytest.mark.parametrize(("age", "waits"), [(revocations.READ_EVERY + 1, False), (revocations.NO_OLDER, True)])
def test_nobody_goes_on_with_what_is_older_than_ten_seconds(
    age: float, waits: bool, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one request reads, others use this process's copy, unless it is too old: a process without requests for a
    minute knows nothing of that minute."""
    revocations.check(1, 0)
    revoke(1)
    clock[0] = age
    reading, go_on, real = Event(), Event(), revocations._copy._read

    def slowly() -> None:
        reading.set()
        go_on.wait(10)
        real()

    monkeypatch.setattr(revocations._copy, "_read", slowly)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(refused, 1, timezone.now() - timedelta(minutes=1))
        assert reading.wait(10)
        second = pool.submit(revocations.check, 1, 0)
        done, _ = wait([second], timeout=0.3)
        go_on.set()
        first.result()
        assert bool(done) is not waits
        assert (second.exception() is not None) is waits


def test_one_request_in_a_few_seconds_reads(alice: Api, path: str, clock: list[float], commands: list[str]) -> None:
    for _ in range(3):
        alice.put(path)
    assert commands.count("find") == 0
    clock[0] = revocations.READ_EVERY
    for _ in range(3):
        alice.put(path)
    assert commands.count("find") == 1
    assert [sent["find"] for sent in LISTENER.sent if "find" in sent] == ["denied"]


def test_only_what_is_new_is_read_again(clock: list[float], commands: list[str]) -> None:
    """With some overlap, since servers' clocks differ."""
    now = timezone.now()
    revoke(1, 2, at=now)
    refused(1, now)
    newest = max(each["expires_at"] for each in mongo.revocations().find())
    revoke(3, at=now + timedelta(seconds=1))
    clock[0] = revocations.READ_EVERY
    refused(3, now)
    refused(1, now)
    [first, _ours, second] = [sent["filter"] for sent in LISTENER.sent if "find" in sent]
    assert first == {}
    assert second == {"expires_at": {"$gt": newest - revocations.OVERLAP}}


def test_what_the_store_was_away_for_is_read_however_old(clock: list[float]) -> None:
    now = timezone.now()
    revoke(1, at=now)
    refused(1, now)
    revoke(2, at=now - 3 * revocations.OVERLAP)
    clock[0] = revocations.READ_EVERY
    refused(2, now - 3 * revocations.OVERLAP)


def test_what_a_host_of_the_release_before_tells_is_read(clock: list[float]) -> None:
    """A server of the previous release keeps an entry for a token's longest life alone, and its clock may be slow."""
    now = timezone.now()
    revoke(1, at=now)
    refused(1, now)
    behind = now - timedelta(minutes=1)
    mongo.revocations().insert_one(
        {"_id": 2, "not_before": behind, "expires_at": behind + timedelta(seconds=LONGEST_LIFE)}
    )
    clock[0] = revocations.READ_EVERY
    refused(2, behind)


def refused(user: int, at: datetime) -> None:
    with pytest.raises(BadToken):
        revocations.check(user, milliseconds(at))


def test_an_entry_is_kept_as_long_as_what_it_refuses(clock: list[float]) -> None:
    now = timezone.now()
    revoke(1, at=now - revocations.KEPT - timedelta(seconds=1))
    revoke(2, at=now)
    revocations.check(1, milliseconds(now - revocations.KEPT) - 9000)
    refused(2, now)
    [expires] = [index for index in mongo.revocations().list_indexes() if index["name"] == "expires"]
    assert expires["expireAfterSeconds"] == 0


def test_an_earlier_word_does_not_replace_a_later_one() -> None:
    now = timezone.now()
    revoke(1, at=now)
    revoke(1, at=now - timedelta(hours=1))
    refused(1, now)


def test_while_the_store_is_silent_what_is_known_stays(mongodb_down: None, clock: list[float]) -> None:
    revocations.check(1, 0)
    revocations.check(1, 0)


def test_behind_many_it_is_told_at_once_too(office: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revoking, "MANY", 3)
    Revocation.objects.bulk_create(Revocation(user_id=user) for user in range(10**6, 10**6 + 6))
    office.memberships.all().delete()
    revoking.tell_promptly()
    assert mongo.revocations().find_one({"_id": office.pk}) and not Revocation.objects.exists()


def test_telling_ends_where_others_go_on_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revoking, "MANY", 1)
    monkeypatch.setattr(revoking, "PAGES", 2)
    Revocation.objects.bulk_create(Revocation(user_id=user) for user in range(3))
    revoking.tell_promptly()
    assert Revocation.objects.count() == 1, "the reconciler's"


def test_telling_twice_at_once_loses_nobody(office: User, teacher: User) -> None:
    """A row that is written while others are passed on is not deleted with them."""
    office.memberships.all().delete()

    def meanwhile(revoked: Collection[Revoked]) -> None:
        if office.pk in {each.user_id for each in revoked}:
            Revocation.objects.create(user_id=office.pk)

    hooks.revokers.insert(0, meanwhile)
    try:
        assert revoking.tell() == 1
    finally:
        hooks.revokers.remove(meanwhile)
    assert [row.user_id for row in Revocation.objects.all()] == [office.pk]
