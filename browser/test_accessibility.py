"""Every page of ours under axe-core (WCAG 2.0 to 2.2, A and AA, and best practice), at three widths, in light, dark and
forced colours."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from django.utils import timezone
from playwright.sync_api import Page

from absences.office.front_desk import front_desk
from absences.office.notices import notices
from absences.registers import completion
from absences.reporting import service, tickets
from absences.store.reports import Report
from attendance_site.tests.urls import patterns
from browser.product import Place
from browser.tab import COVERED, READY, Device, make_mine, until
from lessons.factories import PlannedAbsenceFactory
from lessons.models import DeskEntry, Lesson

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = {
    "runOnly": [*(f"wcag{version}{level}" for version in ("2", "21", "22") for level in ("a", "aa")), "best-practice"]
}
Looks = list[tuple[int, dict[str, Any]]]
WIDTHS = (320, 768, 1280)
LOOKS: tuple[dict[str, Any], ...] = (
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"color_scheme": "light", "forced_colors": "active"},
)
# Every page that takes GET, by its pattern, as a user of the office (or a teacher) who may see it.
PAGES = {
    "": "/?date=today",
    "unplaced/": "/unplaced/",
    "lessons/<id:lesson>/": "/lessons/{due}/",
    "lessons/<id:lesson>/close": "/lessons/{over}/close",
    "lessons/<id:lesson>/amend/<id:student>": "/lessons/{taken}/amend/{student}",
    "lessons/<id:lesson>/void": "/lessons/{taken}/void",
    "lessons/<id:lesson>/correct": "/lessons/{taken}/correct",
    "lessons/<id:lesson>/give-again": "/lessons/{taken}/give-again",
    "lessons/<id:lesson>/evidence": "/lessons/{taken}/evidence",
    "students/<id:student>/": "/students/{student}/",
    "students/<id:student>/evidence": "/students/{student}/evidence",
    "board/": "/board/?period=day",
    "follow-up/": "/follow-up/?next=first",
    "follow-up/calls": "/follow-up/calls",
    "front-desk/": "/front-desk/?q=a",
    "evacuation/": "/evacuation/",
    "search": "/search?q=a",
    "planned-absences/": "/planned-absences/",
    "planned-absences/add": "/planned-absences/add?q=a",
    "planned-absences/add/<id:student>": "/planned-absences/add/{student}",
    "planned-absences/<id:plan>": "/planned-absences/{plan}",
    "planned-absences/<id:plan>/delete": "/planned-absences/{plan}/delete",
    "stats": "/stats",
    "accounts/login/": "/accounts/login/",
    "accounts/password/": "/accounts/password/",
    "accounts/sessions/": "/accounts/sessions/",
}
MORE = ("/lessons/{taken}/", "/lessons/{taken}/?at=2020-01-01T00:00", "/lessons/1000000000/", "/?date=2026-01-01")
# Not pages: what a device renders itself (tested below), data, files, Django's admin, the API's schema.
NO_PAGES = (
    "shell/",
    "admin/",
    "api/",
    "healthz",
    "readyz",
    ".well-known/",
    "session",
    "day-pack",
    "board/state",
    "service-worker.js",
    ".csv",
)
ONLY_POST = (
    *("/complete", "/arrive/<id:student>", "/end", "/end-others", "sessions/own", "accounts/logout/"),
    *("follow-up/<id:student>", "calls/<id:student>", "/in", "/out"),
    *("board/remind/<id:lesson>", "notices/<id:notice>/done", "/someone-else"),
)


def violations(page: Page) -> list[str]:
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE})
    asked = f"axe.run(document, {json.dumps(RULES)}).then((found) => JSON.stringify(found.violations))"
    answer = session.send("Runtime.evaluate", {"expression": asked, "awaitPromise": True})
    session.detach()
    found = json.loads(answer["result"]["value"])
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


@pytest.fixture
def lessons(here: Place) -> dict[str, int]:
    due, taken, over = here.lesson(), here.lesson(), here.lesson()
    plan = PlannedAbsenceFactory.create(student=here.students[1], first_day=due.date, reason="Dentist")
    claims = tickets.claims_for(here.teacher, taken, [here.students[2].pk], timezone.now())
    service.report(claims, taken.pk, [Report(student_id=here.students[2].pk, code="N")], timezone.now())
    front_desk.enter(here.office, here.students[3], DeskEntry.Direction.IN, "Bus was late", now=timezone.now())
    completion.complete(here.teacher, taken.pk, now=timezone.now(), roster_seen=[s.pk for s in here.students[1:]])
    notices.remind(here.office, due, now=timezone.now())
    notices.tell_office(here.teacher, due, here.students[4].legal_name, now=timezone.now())
    Lesson.objects.filter(pk=over.pk).update(ends_at=timezone.now())
    return {"due": due.pk, "taken": taken.pk, "over": over.pk, "student": here.students[0].pk, "plan": plan.pk}


def test_no_page_is_forgotten() -> None:
    known = set(PAGES) | {"students/<id:student>/evidence.csv"}
    forgotten = [
        pattern
        for pattern in map(str, patterns())
        if pattern not in known and not pattern.startswith(NO_PAGES) and not pattern.endswith((*NO_PAGES, *ONLY_POST))
    ]
    assert forgotten == []


# Each width and each look once, because they are independent; `-m slow` runs all nine.
ALL = [(width, look) for look in LOOKS for width in WIDTHS]
FEW = list(zip(WIDTHS, LOOKS, strict=True))
EVERY = pytest.mark.parametrize("looks", [FEW, pytest.param(ALL, marks=pytest.mark.slow)], ids=["few", "all"])


@EVERY
@pytest.mark.parametrize("path", [*PAGES.values(), *MORE])
def test_a_page_is_for_everybody(
    path: str, looks: Looks, device: Callable[..., Device], here: Place, lessons: dict[str, int]
) -> None:
    page = device(None if path == "/accounts/login/" else here.office).tab()
    page.goto(path.format(**lessons))
    assert wrong(page, looks) == []


@EVERY
def test_what_a_device_shows_is_for_everybody(looks: Looks, alice: Device, lessons: dict[str, int]) -> None:
    page = alice.tab()
    page.goto("/")
    make_mine(page)
    alice.offline()
    page.goto(f"/lessons/{lessons['due']}/")
    until(page, READY)
    page.locator(".pupil").nth(0).locator(".choice.late").tap()
    page.locator(".pupil").nth(1).locator(".choice.absent").tap()
    page.keyboard.press("n")
    assert wrong(page, looks) == []
    page.locator(".finish").tap()
    assert wrong(page, looks[:1]) == []
    page.goto("/")
    page.locator(".current").wait_for()
    assert wrong(page, looks) == []


def wrong(page: Page, looks: Looks) -> list[str]:
    found = []
    for width, look in looks:
        seen: dict[str, Any] = {"forced_colors": "none", **look}
        page.emulate_media(**seen)
        page.set_viewport_size({"width": width, "height": 800})
        found += [f"{width} {look}: {each}" for each in (*violations(page), *page.evaluate(COVERED))]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{width}: wider than the screen")
    return found
