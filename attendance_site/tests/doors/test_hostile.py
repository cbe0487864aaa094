"""Hostile queries and forms at every page: the answer is a page or an error, repeats nothing unescaped, and redirects
nobody elsewhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import pytest
from django.forms.models import model_to_dict
from django.utils import timezone

from attendance_site.tests.doors.asking import routes, undone
from attendance_site.tests.doors.bodies import is_of_taken
from attendance_site.tests.doors.world import FOREIGN, World, with_session
from lessons.models import Contact, DeskEntry, Notice, PlannedAbsence

pytestmark = [pytest.mark.django_db, pytest.mark.longest]

PAGES = [(pattern, method) for pattern, method in routes() if not pattern.startswith("api/")]
FORM = "application/x-www-form-urlencoded"
SCRIPT = "<script>alert(1)</script>"
PARAMETERS = (
    *("q", "school", "period", "from", "to", "day", "year", "group", "next", "all", "past", "at", "student", "state"),
    *("level", "basis", "format", "page", "user__password", "$where"),
)
# As they appear in an address: NUL, half a surrogate pair, invalid UTF-8, digits that are not ASCII, …
VALUES = (
    *("%00", "%ED%A0%80", "%FF", "%D9%A3", "1_0", "-1", "0", "9" * 400, "x" * 3000, "%0D%0ASet-Cookie:%20x=1"),
    *("0001-01-01", "9999-12-31", "2026-09-14T09:00", "24:00", "//example.org", "https://example.org/", "../../x"),
    *(quote(text) for text in ('{"$gt": ""}', "' OR 1=1 --", SCRIPT, "{{ request }}", "=HYPERLINK(1)", "%s %n")),
)
FIELDS = (
    *("code", "reason", "note", "outcome", "lesson", "day", "next", "text", "others", "expected", "was", "seen"),
    *("first_day", "last_day", "from_time", "until_time", "minutes", "username", "password", "old_password"),
    *("new_password1", "new_password2", "school", "student", "by_id", "role", "is_staff", "state", "rev", "minutes-1"),
    *("mark-1.$set", "mark-$where", "mark-0", "mark-٣", f"mark-{'9' * 30}", "was-x", "$set", "a.b", "a\0b"),
)


@pytest.fixture
def world() -> World:
    return World()


def held(answer: Any, where: object) -> None:
    """Checks the answer, error pages included."""
    assert answer.status_code in (200, 204, 302, 400, 403, 404, 405, 409, 422, 429), (where, answer.status_code)
    assert "x" not in answer.cookies, where
    whither = urlsplit(urljoin("http://testserver/x/", answer.headers.get("Location", "/")))
    assert (whither.scheme, whither.netloc) == ("http", "testserver"), (where, whither)
    text = "" if answer.streaming else answer.content.decode()
    assert FOREIGN not in text, where
    assert SCRIPT not in text or "json" in answer.headers["Content-Type"], where


@pytest.mark.parametrize("name", ["office", "teacher"])
def test_hostile_queries(name: str, world: World) -> None:
    client = with_session(world.users[name])
    for pattern, method in PAGES:
        if method != "GET":
            continue
        path = world.own.address(pattern, is_of_taken(pattern))
        queries = ["&".join(f"{each}={value}" for each in PARAMETERS) for value in VALUES]
        queries += [f"{each}=%00{quote(SCRIPT)}" for each in PARAMETERS]
        for query in queries:
            held(client.get(f"{path}?{query}"), (path, query))


@pytest.mark.parametrize("name", ["office", "teacher"])
def test_hostile_forms(name: str, world: World) -> None:
    student, client = world.own.student.pk, with_session(world.users[name])
    signed_in: Any = client.cookies
    fields = (*FIELDS, *(f"{each}-{student}" for each in ("mark", "was", "minutes", "note")))
    for pattern, method in PAGES:
        if method != "POST" or pattern == "stats":
            continue
        path = world.own.address(pattern, is_of_taken(pattern))
        for value in VALUES:
            form = "&".join(f"{quote(each)}={value}" for each in fields)
            client.cookies = signed_in.copy()
            with undone():
                for asked in (f"{path}?next=%2F%2Fexample.org&school={value}", path):
                    held(client.post(asked, form, content_type=FORM), (asked, value))
    client.cookies = signed_in.copy()
    assert client.get("/accounts/sessions/").status_code == 200, "still signed in"


def test_a_form_sets_only_what_it_shows(world: World) -> None:
    """Other columns are ignored: the school, the day, the author."""
    own, client = world.own, with_session(world.users["office"])
    today = str(own.due.date)
    forms: dict[Any, tuple[str, dict[str, Any]]] = {
        Contact: (f"follow-up/calls/{own.student.pk}", {"outcome": "reached", "note": "said"}),
        DeskEntry: (f"front-desk/{own.student.pk}/out", {"note": "said"}),
        Notice: (f"lessons/{own.due.pk}/someone-else", {"text": "said"}),
        PlannedAbsence: (
            f"planned-absences/add/{own.student.pk}",
            {"first_day": today, "last_day": today, "code": "M", "reason": "said"},
        ),
    }
    for model, (path, form) in forms.items():
        theirs = model.objects.filter(school=world.foreign.school).first()
        others = {name: str(value) for name, value in model_to_dict(theirs).items() if value is not None}
        more = {"at": "2001-01-01T00:00Z", "made_at": "2001-01-01T00:00Z", "done_at": "2001-01-01", "direction": "in"}
        before = set(model.objects.values_list("pk", flat=True))
        sent = {**others, **more, "id": theirs.pk, "by_name": FOREIGN, "school_id": world.foreign.school.pk, **form}
        assert client.post(f"/{path}", urlencode(sent), content_type=FORM).status_code == 302, path
        [made] = model.objects.exclude(pk__in=before)
        assert (made.school, made.by["id"]) == (own.school, own.office.pk), model
        assert FOREIGN not in str(vars(made)) and getattr(made, "done_at", None) is None
        when = made.at if hasattr(made, "at") else made.made_at
        assert when.date() == timezone.now().date(), model
        assert getattr(made, "direction", "out") == "out"
