"""A list of the admin answers only the lookups that its own links name, for every user. Otherwise it could be queried
for secrets."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from io import StringIO
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.http import HttpRequest
from django.test import Client

from attendance_site.tests.doors.lookups import Asked, walk
from attendance_site.tests.doors.test_admin import url
from attendance_site.tests.doors.world import World, with_session
from lessons.admin.base import SchoolAdmin
from lessons.admin.lists import OfferedLookups, check_lists
from lessons.factories import GroupFactory
from lessons.models import ApiClient, Lesson, Membership, Student, User

pytestmark = [pytest.mark.django_db, pytest.mark.longest]

# A session key as Django makes them; a binary search would need 171 guesses.
KEY = "2ydhlwgnll7ifv8z6k2q4o98l7o4ze5h"
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
NO_LOOKUPS = {"o", "q", "p", "e", "all", "_facets", "_popup", "_to_field"}


@pytest.fixture
def world() -> World:
    world = World()
    for user in (world.own.teacher, world.own.office, world.superuser):
        with_session(user)
        if user is not world.superuser:
            world.token(user)
    GroupFactory.create(school=world.own.school, year_group=None)  # so that a list offers groups without a year too
    return world


def linked(client: Client, model: Any) -> dict[str, str]:
    """Returns the lookups in a list's links, each with an address that uses it. Follows date links down to a day."""
    found: dict[str, str] = {}
    start, pages = url(model, "changelist"), [""]
    for query in pages:
        for href in re.findall(r'href="(\?[^"]*)"', client.get(start + query).content.decode()):
            names = {name for name, _ in parse_qsl(unescape(href)[1:])}
            new = names - found.keys()
            if new and not names & NO_LOOKUPS:
                found |= dict.fromkeys(new, start + unescape(href))
                pages += [unescape(href)] if any(name.endswith(("__year", "__month")) for name in new) else []
    return found


def test_a_list_answers_its_own_links(world: World) -> None:
    root, asked = with_session(world.superuser), 0
    for model in admin.site._registry:
        links = linked(root, model)
        for address in links.values():
            assert root.get(address).status_code == 200, address
            asked += 1
        offered = admin.site.get_model_admin(model).offered_lookups(Asked(model, world.superuser).request)  # type: ignore[attr-defined]
        assert offered == set(links), model
    assert asked > 40


def test_no_list_answers_another_lookup(world: World) -> None:
    """As a school's admin, for every list and every column at the end of every path."""
    root, answered, names = with_session(world.superuser), [], 0
    for model in admin.site._registry:
        links, asked = linked(root, model), Asked(model, world.own.admin)
        for lookup in walk(model):
            names += 1
            if not asked.refuses(lookup.name) and lookup.name not in links:
                answered.append(f"{model.__name__}: {lookup.name}")
    print(f"\n{names} lookups asked, {len(answered)} answered")
    assert not answered, answered[:10]
    assert names > 200_000


SAMPLE = 997  # try one lookup in so many: a prime, so that all operators and columns come up


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OfferedLookups, "lookup_allowed", lambda self, lookup, value, request=None: True)


def test_without_the_guard_they_do(world: World, unguarded: None) -> None:
    """Otherwise the test above would test nothing."""
    sample = list(walk())[::SAMPLE]
    asked = {model: Asked(model, world.own.admin) for model in admin.site._registry}
    leaks = [lookup.name for lookup in sample if asked[lookup.of].leaks(lookup)]
    print(f"\n{len(sample)} lookups asked without the guard, {len(leaks)} leak, such as {leaks[:3]}")
    assert len(leaks) > len(sample) / 10
    assert asked[User].leaks(next(each for each in walk(User) if each.name == "sessions__pk__regex"))


def test_nor_by_http(world: World) -> None:
    ada = with_session(world.own.admin)
    sample = list(walk())[:: SAMPLE * 3]
    statuses = {ada.get(url(each.of, "changelist"), {each.name: "1"}).status_code for each in sample}
    assert statuses <= {400, 403}


def guesses(is_so: Callable[[str], bool]) -> str:
    """Returns what a binary search of the alphabet finds, one character after another."""
    known = ""
    for _ in KEY:
        left = ALPHABET
        while len(left) > 1:
            half = left[: len(left) // 2]
            left = half if is_so(f"^{known}[{half}]") else left[len(half) :]
        known += left
    return known


def test_a_sessions_key_is_not_guessed(world: World) -> None:
    """The requests that once gave it away; each is refused."""
    asked: list[str] = []

    def is_so(regex: str) -> bool:
        asked.append(regex)
        return bool(re.search(regex, KEY))

    assert guesses(is_so) == KEY
    ada, colleague = with_session(world.own.admin), str(world.own.office.pk)
    path = url(User, "changelist")
    refused = [ada.get(path, {"id": colleague, "sessions__pk__regex": each}).status_code for each in asked]
    print(f"\n{len(refused)} requests, {refused.count(400)} refused")
    assert refused == [400] * 171


REGEXES = ("name__regex", "name__iregex", "sessions__pk__regex", "year_group__regex", "user__password__regex")
OFFERED = ("is_active__exact", "school__id__exact", "date__year", "role", "year_group", "q", "o", "p", "e", "all")
WRONG = (
    *(f"{name}=(" for name in (*REGEXES, *OFFERED, "_popup", "_to_field", "_facets", "unknown", "pk", "", "__")),
    *("&".join(f"{name}=1" for _ in range(2000)) for name in ("school__id__exact", "role", "year_group", "o")),
    *("date__year=9999999999999999999999", "date__year=2026&date__month=99", "date__month=1&date__day=x"),
    *("name__regex=(a%2B)%2B%24", "_to_field=upn&_popup=1", "o=999", "id__in=1,2"),
    *(f"q={text * 2000}" for text in ("a+", "(", '"', "'%5C")),
    *(f"o={columns * 1000}" for columns in ("1.", "-1.2.")),
)
NO_IDS = ("abc", "\0", "9" * 30, "(", "1,2", "-1", "1 OR 1=1", "²")


def test_a_bad_pattern_is_refused_and_is_no_outage(world: World) -> None:
    ada = with_session(world.own.admin)
    for query in WRONG:
        for model in (User, Student, Lesson):  # these have filters of every kind
            path = url(model, "changelist")
            answer = ada.get(f"{path}?{query}")
            assert answer.status_code in (200, 302, 400, 403), (model, query[:80])
            assert answer.status_code != 302 or answer["Location"] == f"{path}?e=1", (model, query[:80])
            assert answer.status_code in (400, 403) or "regex" not in query, (model, query)


def test_what_is_no_id_is_no_outage(world: World) -> None:
    """In an address that fills in a form, in the form, as a row, and in autocompletion."""
    ada = with_session(world.own.admin)
    for wrong in NO_IDS:
        for form, field in ((Student, "school"), (Lesson, "group"), (Membership, "user"), (ApiClient, "school")):
            path = url(form, "add")
            for answer in (ada.get(path, {field: wrong}), ada.post(path, {field: wrong})):
                assert answer.status_code == 200, (path, wrong)
        for model in admin.site._registry:
            assert ada.get(url(model, "change", wrong)).status_code in (403, 404), (model, wrong)
        asked = {"app_label": "lessons", "model_name": "lesson", "field_name": "group"}
        for more in ({"term": wrong}, {"term": wrong * 1000}, {"page": wrong}, {"field_name": wrong}):
            assert ada.get("/admin/autocomplete/", asked | more).status_code in (200, 403, 404), more


def test_rows_are_referred_to_by_id_alone(world: World) -> None:
    ada = with_session(world.own.admin)
    for model in admin.site._registry:
        row, asked = model._default_manager.first(), Asked(model, world.own.admin)
        for field in model._meta.concrete_fields:
            assert asked.admin.to_field_allowed(asked.request, field.name) is field.primary_key, field
        for page in (url(model, "changelist"), url(model, "add"), *([url(model, "change", row.pk)] if row else [])):
            for method in (ada.get, ada.post):
                assert method(f"{page}?_popup=1&_to_field=nothing").status_code in (400, 403, 404), page


def test_an_action_is_on_rows_that_the_list_finds_by_its_own_lookups(world: World) -> None:
    ada, student = with_session(world.own.admin), world.own.student
    sent = {"action": "delete_selected", "_selected_action": [student.pk]}
    path = url(type(student), "changelist")
    assert ada.post(f"{path}?year_group={student.year_group}", sent).status_code == 200
    for query in ("upn__startswith=A", "contacts__note__regex=^h", "id__gte=1"):
        assert ada.post(f"{path}?{query}", sent).status_code == 400, query


def test_only_a_field_of_a_form_is_completed(world: World) -> None:
    ada, offered = with_session(world.own.admin), set()
    for model in admin.site._registry:
        row = model._default_manager.first()
        for page in (url(model, "add"), *([url(model, "change", row.pk)] if row else [])):
            fields = re.findall(r'data-model-name="(\w+)"\s+data-field-name="(\w+)"', ada.get(page).content.decode())
            offered |= set(fields)
    assert {("student", "school"), ("lesson", "group"), ("lessonstaff", "user"), ("membership", "user")} <= offered
    for model in apps.get_models():
        for field in filter(lambda field: field.is_relation, model._meta.get_fields(include_hidden=True)):
            named = {"model_name": str(model._meta.model_name), "field_name": field.name}
            answer = ada.get("/admin/autocomplete/", {"app_label": model._meta.app_label, "term": "", **named})
            assert answer.status_code == (200 if tuple(named.values()) in offered else 403), named


def test_a_list_without_the_guard_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_lists(None) == []

    class Open(SchoolAdmin):
        def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
            return True

    registry: dict[Any, Any] = admin.site._registry
    for wrong in (admin.ModelAdmin(User, admin.site), Open(User, admin.site)):
        monkeypatch.setitem(registry, User, wrong)
        with pytest.raises(SystemCheckError, match=r"lessons\.E002"):
            call_command("check", stdout=StringIO(), stderr=StringIO())
