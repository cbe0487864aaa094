"""A filled template is the same as a rendered one."""

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.template import Template, engines
from django.template.loader import get_template
from django.urls import clear_script_prefix, set_script_prefix
from django.utils import translation
from django.utils.safestring import mark_safe

from absences.store.reports import Report, Reporter, mark_of
from absences.taking import register_html
from absences.taking.register_form import PupilRow
from absences.web import template_cache
from absences.web.template_cache import fill
from lessons.models import Student

NASTY = "<b>Zoë & 'Ann'</b> %(name)s %s {{ name }} {name} \ue000\ue001 \\1 ناصر"


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", html)


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns a list that holds the source of every template."""
    source = ["{% if big %}<b>{{ name }}</b>  100 %\n{% else %}{{ name }} {{ other }}{% endif %}"]
    monkeypatch.setattr(template_cache, "get_template", lambda name: engines["django"].from_string(source[0]))
    template_cache._form.cache_clear()
    return source


def test_blanks_are_filled_and_kinds_are_told_apart(template: list[str]) -> None:
    assert fill("any", {"big": True}, {"name": "Ava"}) == "<b>Ava</b> 100 % "
    assert fill("any", {"big": True}, {"name": "Ben"}) == "<b>Ben</b> 100 % "
    assert fill("any", {"big": False}, {"name": "Ava", "other": 7}) == "Ava 7"
    assert fill("any", {"big": False}, {"name": "Ava", "other": ""}) == "Ava "


def test_values_are_escaped_once_and_never_read_again(template: list[str]) -> None:
    values = {"name": NASTY, "other": "\ue000 %(name)s"}
    made = fill("any", {"big": False}, values)
    assert made == engines["django"].from_string(template[0]).render({"big": False, **values})
    assert "<b>" not in made
    assert fill("any", {"big": True}, {"name": mark_safe("<i>Ava</i>")}) == "<b><i>Ava</i></b> 100 % "


def test_a_form_is_of_one_language(template: list[str]) -> None:
    template[0] = "{% load i18n %}{% translate 'Today' %} {{ name }}"
    with translation.override("en-gb"):
        assert fill("any", {}, {"name": "Ava"}) == "Today Ava"
    with translation.override("de"):
        assert fill("any", {}, {"name": "Ava"}) == "Heute Ava"


def test_a_form_is_of_one_place(template: list[str]) -> None:
    template[0] = "{% url 'today' %} {{ name }}"
    try:
        set_script_prefix("/elsewhere/")
        assert fill("any", {}, {"name": "Ava"}) == "/elsewhere/ Ava"
    finally:
        clear_script_prefix()
    assert fill("any", {}, {"name": "Ava"}) == "/ Ava"


def test_it_is_rendered_once(template: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    fill("any", {"big": True}, {"name": "Ava"})
    monkeypatch.setattr(Template, "render", None)
    fill("any", {"big": True}, {"name": "Ben"})
    with pytest.raises(TypeError):
        fill("any", {"big": "very"}, {"name": "Ben"})


AVA = Student(pk=7, legal_name="Ava Lee")
ZOE = Student(pk=8, legal_name=NASTY, preferred_name="Zoë %s")
SEEN = str(uuid4())
MARK = mark_of(
    Report(student_id=8, code="N"), Reporter(5, NASTY, "Teacher", "teacher"), datetime(2026, 9, 14, tzinfo=UTC), "late"
)
ROWS = [
    PupilRow(AVA),
    PupilRow(ZOE),
    PupilRow(Student(pk=9, legal_name="Ann", preferred_name="Ann")),
    *(PupilRow(AVA, code=code, was=code, seen=SEEN) for code in ("/", "N", "L", "U", "M", "I")),
    PupilRow(ZOE, code="L", minutes=12, was="L", was_minutes=12, seen=SEEN),
    PupilRow(AVA, code="U", minutes=0, was="L", was_minutes=None, seen=SEEN),
    PupilRow(ZOE, plan="M"),
    PupilRow(ZOE, code="N", plan="M", was="", seen=""),
    PupilRow(AVA, code="N", minutes="12x<", error=NASTY),
    PupilRow(ZOE, MARK, code="N", was="N", seen=SEEN, mine=Report(student_id=8, code="L", minutes_late=4)),
]


@pytest.mark.parametrize("row", ROWS)
def test_a_pupil_is_what_the_template_renders(row: PupilRow) -> None:
    register_html.pupils(ROWS)  # fills the cache with others' rows
    context = register_html._kind(row)._asdict() | register_html._values(row)
    expected = get_template("absences/_pupil.html").render(context)
    assert plain(register_html.pupils([row])) == plain(expected)
    assert f"mark-{row.student.pk}" in expected


def test_what_a_pupil_says_in_full() -> None:
    ann, zoe, late = (register_html.pupils([row]) for row in (ROWS[2], ROWS[1], ROWS[9]))
    assert "<legend> Ann </legend>" in ann
    assert '<span class="quiet legal">' in zoe
    assert "was-9" not in ann
    assert 'name="was-8" value="L"' in late
    assert 'name="wasminutes-8" value="12"' in late
    assert re.findall(r'value="(.)" checked', plain(late)) == ["L"]
    assert (
        register_html.pupils([ROWS[-1]]).count(" attention")
        == register_html.pupils([ROWS[-2]]).count(" attention")
        == 1
    )
    assert 'name="was-0" value=""' in register_html.nobody()
