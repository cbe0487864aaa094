"""Limits of the API's users: shared by all processes where SQL is asked, and for each process alone where reports are
taken."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from absences.reporting import rate_limit
from absences.store import mongo
from absences.tests.api import Api, due_today, signed_in, with_ticket
from absences.tests.pages import browser
from absences.tests.threads import at_once
from lessons.accounts import minute_counter, shared_counter
from lessons.accounts.minute_counter import MinuteCounter
from lessons.api import throttles
from lessons.factories import CLIENT_SECRET, ApiClientFactory
from lessons.models import Lesson, School, Tally, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def few(settings: Settings) -> None:
    settings.REQUESTS_A_MINUTE, settings.REQUESTS_A_MINUTE_OF_SYSTEMS = 3, 5
    settings.REQUESTS_A_MINUTE_UNSIGNED = 2


@pytest.fixture(autouse=True)
def _this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the process look as if it had just started, in the middle of a minute."""
    monkeypatch.setattr(throttles, "_counts", MinuteCounter(shared=True))
    monkeypatch.setattr(minute_counter, "time", lambda: 1_800_000_030.0)
    monkeypatch.setattr(rate_limit, "time", lambda: 1_800_000_030.0)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher, students=2)


def test_so_much_a_minute(few: None, office: User, teacher: User) -> None:
    api = signed_in(office)
    assert [api.get("/api/v1/groups").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = api.get("/api/v1/lessons")
    assert (refused["Content-Type"], refused["Retry-After"]) == ("application/problem+json", "31")
    assert signed_in(teacher).get("/api/v1/groups").status_code == 200, "another user has a limit of their own"


def test_a_system_has_more(few: None, school: School) -> None:
    api = signed_in(ApiClientFactory.create(school=school).user)
    assert [api.get("/api/v1/groups").status_code for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.parametrize("body", [{"refresh": "x"}, {}, {"refresh": ["x"]}])
def test_who_is_not_signed_in_counts_by_network(few: None, body: dict[str, Any]) -> None:
    statuses = [Api().post("/api/v1/token/refresh", body).status_code for _ in range(3)]
    assert statuses == ([401] * 2 if body == {"refresh": "x"} else [400] * 2) + [429]
    assert Api().client.post("/api/v1/token/refresh", body, REMOTE_ADDR="192.0.2.9").status_code == 415


def test_failed_sign_ins_keep_no_right_secret_out(few: None, school: School, teacher: User) -> None:
    """Nothing, nonsense or a wrong secret is sent from the same network."""
    teacher.set_password("a slow walk home")
    teacher.save()
    client = ApiClientFactory.create(school=school)
    wrong = {"client_id": "client-0", "client_secret": "guess"}
    statuses = [Api().post("/api/v1/token", body).status_code for body in ({}, {"x": 1}, wrong, {}, {})]
    assert statuses == [400, 400, 429, 429, 429]
    right = {"client_id": client.client_id, "client_secret": CLIENT_SECRET}
    assert Api().post("/api/v1/token", right).status_code == 200
    person = {"username": teacher.username, "password": "a slow walk home"}
    assert [Api().post("/api/v1/token", person).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_refreshing_without_end_keeps_nobody_from_refreshing_or_signing_in(few: None, teacher: User) -> None:
    """Requests from one network, however many, do not stop other people there."""
    teacher.set_password("a slow walk home")
    teacher.save()
    credentials = {"username": teacher.username, "password": "a slow walk home"}
    pair = Api().post("/api/v1/token", credentials).json()
    for _ in range(4):
        for path in ("refresh", "revoke"):
            Api().post(f"/api/v1/token/{path}", {"refresh": "x"})
            Api().client.post(f"/api/v1/token/{path}", "{", content_type="application/json")
        Api().get("/api/v1/groups")
    assert Api().post("/api/v1/token/refresh", {"refresh": "x"}).status_code == 429
    assert Api().post("/api/v1/token", credentials).status_code == 200
    for _ in range(3):
        answer = Api().post("/api/v1/token/refresh", {"refresh": pair["refresh"]})
        assert answer.status_code == 200
        pair = answer.json()
    refused = Api().post("/api/v1/token/refresh", {"refresh": pair["refresh"]})
    assert (refused.status_code, refused["Retry-After"]) == (429, "30"), "a token family has a limit, too"


def test_the_next_minute_is_new(few: None, office: User, monkeypatch: pytest.MonkeyPatch) -> None:
    api = signed_in(office)
    for _ in range(4):
        api.get("/api/v1/groups")
    monkeypatch.setattr(minute_counter, "time", lambda: 1_800_000_060.0)
    assert api.get("/api/v1/groups").status_code == 200


def test_processes_know_of_each_other_but_for_a_step() -> None:
    """Three processes share a limit of 200: each may be ten requests ahead of the others, since counts are passed on in
    tens."""
    processes, limit = [MinuteCounter(shared=True) for _ in range(3)], 200
    granted = sum(each.add("user 1", limit) <= limit for _ in range(200) for each in processes)
    assert limit <= granted <= limit + 3 * (limit // minute_counter.STEPS)
    assert Tally.objects.get().hits >= limit


def test_reads_do_not_become_writes(office: User, settings: Settings) -> None:
    settings.REQUESTS_A_MINUTE, api = 400, signed_in(office)
    for _ in range(21):
        api.get("/api/v1/groups")
    assert [tally.hits for tally in Tally.objects.all()] == [20]


def test_the_page_of_statistics_has_a_budget(few: None, teacher: User) -> None:
    client = browser(teacher)
    answers = [client.get("/stats", headers={"accept": "text/html"}) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[-1]["Retry-After"] == "30"


def test_without_redis_nobody_signs_in_and_whoever_is_signed_in_goes_on(office: User, settings: Settings) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"  # nothing listens there
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": settings.CACHE_URL}
    }
    settings.REQUESTS_A_MINUTE = 2
    body = {"username": "a", "password": "b"}
    answer = Api().post("/api/v1/token", body)
    assert (answer.status_code, answer["Content-Type"], answer["Retry-After"]) == (503, "application/problem+json", "1")
    assert Client().post("/accounts/login/", body).status_code == 503
    api = signed_in(office)
    assert [api.get("/api/v1/groups").status_code for _ in range(3)] == [200, 200, 429]


def test_nothing_is_lost_when_many_count_at_once() -> None:
    def work() -> None:
        for _ in range(25):
            shared_counter.add("x", window=timedelta(hours=1), now=timezone.now())

    at_once(*[work] * 4)
    assert shared_counter.current("x", now=timezone.now()).hits == 100


def test_reports_have_a_budget_too(
    few: None, teacher: User, lesson: Lesson, roster: list[int], django_assert_num_queries: Any
) -> None:
    api, path = with_ticket(teacher, lesson, roster), f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}"
    with django_assert_num_queries(0):
        assert [api.put(path).status_code for _ in range(4)] == [202, 202, 202, 429]
        assert api.put(path)["Retry-After"] == "30"


def test_a_flood_of_sheets_for_lessons_that_do_not_exist(
    office: User, lesson: Lesson, roster: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "LESSONS_A_DAY", 3)
    api = signed_in(office)
    for n in range(5):
        assert api.get(f"/api/v1/lessons/{2 * 10**9 + n}/absences").status_code == 200, "reading makes no sheet"
    statuses = [api.put(f"/api/v1/lessons/{10**9 + n}/absences/1").status_code for n in range(5)]
    assert statuses == [202, 202, 202, 429, 429]
    assert mongo.sheets().count_documents({}) == 3
    assert api.put(f"/api/v1/lessons/{10**9}/absences/2").status_code == 202, "one that it has begun"
    monkeypatch.setattr(rate_limit, "time", lambda: 1_800_000_000.0 + 86_400)
    assert api.put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}").status_code == 202


def test_what_is_remembered_is_bounded(office: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "REMEMBERED", 2)
    api = signed_in(office)
    for n in range(5):
        assert api.put(f"/api/v1/lessons/{10**9 + n}/absences/1").status_code == 202
    assert sum(map(len, rate_limit._lessons._lessons.values())) <= 2
