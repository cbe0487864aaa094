"""Reasons for absence and UPNs are shown only to users who need them: the office, admins, and systems with the scope.
Both are planted, and every address is requested as every kind of user."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from django.conf import settings
from django.test import Client

from attendance_site.tests.doors.asking import ask, routes, undone
from attendance_site.tests.doors.reading import Planted, read, readable
from attendance_site.tests.doors.test_admin import MODELS, PAGES, of, url
from attendance_site.tests.doors.world import PUPIL, Place, World, with_session, with_token
from lessons.factories import MembershipFactory, StudentFactory, person
from lessons.models import Role, Scope, User
from lessons.models.permissions import Access

pytestmark = [pytest.mark.django_db, pytest.mark.longest]

Found = Mapping[str, set[str]]

# Addresses at which permitted users read them. Any other address must show them to nobody.
API_PLANNED = {"GET api/v1/lessons/<id:lesson>", "GET api/v1/planned-absences"}
API_GIVEN = {"GET api/v1/lessons/<id:lesson>/register/amendments", "GET api/v1/changes"}
API_UPN = {"GET api/v1/students"}
PUPIL_PAGE = "GET students/<id:student>/"
EVIDENCE = {PUPIL_PAGE, "GET students/<id:student>/evidence", "GET students/<id:student>/evidence.csv"}
PLANS = {"GET planned-absences/", "GET planned-absences/<id:plan>", "GET planned-absences/<id:plan>/delete"}
OFFICE_PLANNED = {
    *(API_PLANNED | PLANS),
    *("GET board/", "GET board/state", "GET follow-up/", "POST follow-up/<id:student>", PUPIL_PAGE),
}
OFFICE_GIVEN = {
    *(API_GIVEN | EVIDENCE),
    *("GET lessons/<id:lesson>/", "GET lessons/<id:lesson>/evidence", "GET lessons/<id:lesson>/evidence.csv"),
}
NOTHING: Found = {}
SYSTEM: Found = {"planned": API_PLANNED, "given": API_GIVEN, "upn": API_UPN}
OFFICE: Found = {
    "planned": OFFICE_PLANNED,
    "given": OFFICE_GIVEN,
    "upn": API_UPN | EVIDENCE | {"GET lessons/<id:lesson>/evidence.csv"},
}
OUTSIDE = ("teacher", "colleague", "integrator", "operator", "teacher and system")
BY_SESSION: Mapping[str, Found] = {
    **dict.fromkeys((*OUTSIDE, "outsider"), NOTHING),
    **dict.fromkeys(("office", "admin"), OFFICE),
}
BY_TOKEN: Mapping[str, Found] = {
    **dict.fromkeys(("nobody", "ticket", *OUTSIDE), NOTHING),
    **dict.fromkeys(("outsider", "foreign office", "foreign client"), NOTHING),
    **dict.fromkeys(("office", "admin", "client"), SYSTEM),
    **{f"client without {scope}": SYSTEM for scope in Scope},
    "client without read": NOTHING,
    "client without notes": {"upn": API_UPN},
    "client without upns": {"planned": API_PLANNED, "given": API_GIVEN},
}


@pytest.fixture
def world() -> World:
    world = World()
    both = person(world.own.school, Role.TEACHER, "both", name="Hawthorn both")
    MembershipFactory.create(user=both, school=world.own.school, role=Role.INTEGRATOR)
    world.users["teacher and system"] = both
    return world


@pytest.fixture
def planted(world: World) -> Planted:
    return Planted.at(world.own, "here")


def token(world: World, name: str) -> str | None:
    if name == "nobody":
        return None
    if name == "ticket":
        return world.ticket
    lacking = {f"client without {scope}": user for scope, user in world.lacking.items()}
    return world.token((world.users | lacking)[name])


@pytest.mark.parametrize("name", BY_SESSION)
def test_who_reads_them_by_session(name: str, world: World, planted: Planted) -> None:
    asked, found = read(with_session(world.users[name]), world.own, planted)
    print(f"{name}: {asked} answers read")
    assert found == BY_SESSION[name]


@pytest.mark.parametrize("name", BY_TOKEN)
def test_who_reads_them_by_token(name: str, world: World, planted: Planted) -> None:
    asked, found = read(with_token(token(world, name)), world.own, planted, only="api/v1/")
    print(f"{name}: {asked} answers read")
    assert found == BY_TOKEN[name]


def test_who_works_in_two_schools_reads_by_the_school(world: World, planted: Planted) -> None:
    """As a teacher in one school and in the office of the other, and the other way round."""
    there = Planted.at(world.foreign, "there")
    MembershipFactory.create(user=world.own.teacher, school=world.foreign.school, role=Role.OFFICE)
    MembershipFactory.create(user=world.foreign.teacher, school=world.own.school, role=Role.OFFICE)
    for user, here_may, there_may in ((world.own.teacher, NOTHING, OFFICE), (world.foreign.teacher, OFFICE, NOTHING)):
        client = with_session(user)
        assert read(client, world.own, planted)[1] == here_may
        assert read(client, world.foreign, there)[1] == there_may


def test_the_walk_finds_what_the_rule_hides(world: World, planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rule, a teacher reads everything; otherwise the tests above would test nothing."""
    monkeypatch.setattr(Access, "reason_of", lambda access, row: row.reason)
    monkeypatch.setattr(Access, "upn_of", lambda access, student: student.upn)
    _asked, found = read(with_session(world.own.teacher), world.own, planted)
    pages = {"GET lessons/<id:lesson>/", "GET lessons/<id:lesson>/evidence", "GET lessons/<id:lesson>/evidence.csv"}
    assert found == {
        "planned": API_PLANNED | {PUPIL_PAGE},
        "given": API_GIVEN - {"GET api/v1/changes"} | pages | {PUPIL_PAGE},
        "upn": API_UPN | {"GET lessons/<id:lesson>/evidence.csv", PUPIL_PAGE},
    }


@pytest.mark.parametrize(
    ("name", "told"), [("teacher", set()), ("colleague", set()), ("teacher and system", set()), ("office", {"search"})]
)
def test_nobody_else_finds_out_a_upn_by_asking_for_it(name: str, told: set[str], world: World) -> None:
    """A different answer for the right number would reveal it. Only the office's search may give one."""
    client, wrong = with_session(world.users[name]), StudentFactory.build().upn
    different = set()
    for pattern, method in routes():
        if method == "GET":
            seen = {_seen(client, pattern, world.own, number) for number in (world.own.student.upn, wrong)}
            different |= {pattern} if len(seen) > 1 else set()
    assert different == told


def _seen(client: Client, pattern: str, place: Place, number: str) -> tuple[int, int]:
    with undone():
        answer = ask(client, pattern, "GET", place, query=f"?q={number}&upn={number}&search={number}")
        return answer.status_code, readable(answer).count(PUPIL)


def test_in_the_admin_they_are_for_the_admins_of_the_school(world: World, planted: Planted) -> None:
    MembershipFactory.create(user=world.own.teacher, school=world.foreign.school, role=Role.ADMIN)
    User.objects.filter(pk=world.own.teacher.pk).update(is_staff=True)
    shown = {"planned": {"PlannedAbsence"}, "given": {"Amendment", "Register"}, "upn": {"Student"}}
    for user, expected in ((world.own.teacher, {}), (world.own.admin, shown), (world.superuser, shown)):
        found: dict[str, set[str]] = {}
        for model in MODELS:
            row = of(world, model, world.own)
            lists = [url(model, "changelist"), url(model, "changelist") + f"?q={PUPIL}", url(model, "add")]
            for path in (*lists, *(url(model, page, row.pk) for page in PAGES if row)):
                for name in planted.within(readable(with_session(user).get(path, follow=True))):
                    found.setdefault(name, set()).add(model.__name__)
        assert found == expected, user


def test_templates_print_them_by_the_rule_only() -> None:
    """They use `reason_for` and `upn_for`. Submitted forms and lines of the audit trail have passed the rule."""
    known = {"form.reason", "row.reason", "line.reason"}
    templates = list((settings.BASE_DIR / "templates").rglob("*.html"))
    printed = {name for path in templates for name in re.findall(r"\w+\.(?:reason|upn)\b", path.read_text())}
    assert printed == known
