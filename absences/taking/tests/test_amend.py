"""Amending and voiding a register."""

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.tests.api import due_today, signed_in
from absences.tests.pages import browser, fill
from lessons.models import Amendment, Lesson, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def taken(lesson: Lesson, teacher: User, roster: list[int]) -> str:
    """Returns the address of a register in which all are present."""
    completion.complete(teacher, lesson.pk, now=timezone.now(), roster_seen=roster)
    return f"/lessons/{lesson.pk}/"


@pytest.fixture
def alice(teacher: User) -> Client:
    return browser(teacher)


def test_a_correction_is_added(alice: Client, taken: str, roster: list[int]) -> None:
    path = f"{taken}amend/{roster[0]}"
    sent = fill(alice, path, code="L", minutes_late=4, reason="Came in") | {"minutes_late": "4"}
    page = alice.post(path, sent, follow=True).content.decode()
    assert "the correction was added" in page
    assert "amended" in page
    assert "Came in" in page
    amendment = Amendment.objects.get()
    assert (amendment.from_code, amendment.to_code, amendment.to_minutes_late, amendment.source) == (
        "/",
        "L",
        4,
        "page",
    )


def test_what_was_changed_meanwhile_is_not_overwritten(
    alice: Client, office: User, taken: str, lesson: Lesson, roster: list[int]
) -> None:
    path = f"{taken}amend/{roster[0]}"
    sent = fill(alice, path, code="N", reason="Not there")
    amendments.amend(office, lesson.pk, [Change(student_id=roster[0], code="M", reason="GP")], now=timezone.now())
    response = alice.post(path, sent)
    assert response.status_code == 400
    assert "changed in the meantime" in response.content.decode()
    assert Amendment.objects.count() == 1


def test_nor_is_what_was_unstated(alice: Client, office: User, taken: str, lesson: Lesson, roster: list[int]) -> None:
    amendments.void(office, lesson.pk, "Wrong class", now=timezone.now())
    path = f"{taken}amend/{roster[0]}"
    sent = fill(alice, path, code="N", reason="Not there")
    amendments.amend(office, lesson.pk, [Change(student_id=roster[0], code="M", reason="GP")], now=timezone.now())
    assert alice.post(path, sent).status_code == 400
    assert Amendment.objects.count() == 2
    assert alice.post(path, fill(alice, path) | {"code": "N", "reason": "Not there"}).status_code == 302


@pytest.mark.parametrize(
    ("choice", "more", "why"),
    [
        ("Marked by mistake", "", "Marked by mistake"),
        ("", "  Came in by the back door ", "Came in by the back door"),
        ("Marked by mistake", "Wrong row", "Marked by mistake: Wrong row"),
        ("Marked by mistake", "x" * 481, f"Marked by mistake: {'x' * 481}"),
    ],
)
def test_a_reason_is_chosen_or_said_or_both(
    choice: str, more: str, why: str, alice: Client, taken: str, roster: list[int]
) -> None:
    path = f"{taken}amend/{roster[0]}"
    assert alice.post(path, fill(alice, path) | {"code": "N", "choice": choice, "reason": more}).status_code == 302
    assert Amendment.objects.get().reason == why


def test_the_reasons_are_the_schools(alice: Client, taken: str, roster: list[int], school: School) -> None:
    School.objects.update(amendment_reasons="Fire drill\n\n  Sent home ill  \n")
    for rest in (f"amend/{roster[0]}", "void"):
        page = alice.get(f"{taken}{rest}").content.decode()
        assert '<option value="Fire drill">' in page
        assert '<option value="Sent home ill">' in page
        assert "Marked by mistake" not in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": ""},
        {"reason": "x" * 501},
        {"reason": "a\0b"},
        {"reason": " \t \u2003"},
        {"reason": "", "choice": "Because"},
        {"reason": "x" * 482, "choice": "Marked by mistake"},
        {"code": ""},
        {"code": "I"},
        {"code": "$ne"},
        {"minutes_late": "5"},
        {"code": "L", "minutes_late": "-1"},
        {"code": "L", "minutes_late": "601"},
    ],
)
def test_bad_input_comes_back(wrong: dict[str, str], alice: Client, taken: str, roster: list[int]) -> None:
    path = f"{taken}amend/{roster[0]}"
    sent = fill(alice, path) | {"code": "N", "reason": "Not there"} | wrong
    assert alice.post(path, sent).status_code == 400
    assert not Amendment.objects.exists()


def test_an_empty_form_comes_back(alice: Client, taken: str, roster: list[int]) -> None:
    for rest in (f"amend/{roster[0]}", "void"):
        response = alice.post(f"{taken}{rest}")
        assert (response.status_code, "say in your own words why" in response.content.decode()) == (400, True)


def test_a_student_off_the_roster_is_404(alice: Client, taken: str) -> None:
    assert alice.get(f"{taken}amend/{2**62}").status_code == 404


def test_a_register_is_withdrawn(alice: Client, taken: str) -> None:
    assert alice.post(f"{taken}void", {"reason": ""}).status_code == 400
    page = alice.post(f"{taken}void", {"reason": "Wrong class"}, follow=True).content.decode()
    assert "only what was given since then counts" in page
    assert "Not stated" in page
    assert Amendment.objects.get().kind == "void"


def test_before_it_is_taken_there_is_nothing_to_correct(alice: Client, lesson: Lesson, roster: list[int]) -> None:
    for rest in (f"amend/{roster[0]}", "void"):
        assert alice.get(f"/lessons/{lesson.pk}/{rest}").status_code == 404


def test_who_may_not(outsider: User, colleague: User, integrator: User, taken: str, roster: list[int]) -> None:
    path = f"{taken}amend/{roster[0]}"
    assert browser(outsider).get(path).status_code == 404
    assert browser(colleague).get(path).status_code == 403
    assert browser(integrator).get(path).status_code == 403
    assert Client().get(path).status_code == 302
    assert not Amendment.objects.exists()


@pytest.mark.parametrize("address", ["amend", "void"])
def test_where_sql_will_not_write_it_is_503(
    address: str, taken: str, roster: list[int], alice: Client, teacher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the page and in the API, as for completing."""

    def refused(*rows: object, **more: object) -> None:
        raise IntegrityError("as SQL would")

    monkeypatch.setattr(amendments, "take_numbers", refused)
    change = {"student_id": roster[0], "code": "L", "reason": "Came in"}
    body = change if address == "amend" else {"reason": "Wrong class"}
    of_api = {"amend": "amendments", "void": "void"}[address]
    by_api = signed_in(teacher).post(f"/api/v1/lessons/{taken.split('/')[2]}/register/{of_api}", body)
    page = f"{taken}amend/{roster[0]}" if address == "amend" else f"{taken}void"
    sent = fill(alice, page, code="L", minutes_late=4, reason="Came in") if address == "amend" else body
    for answer in (by_api, alice.post(page, sent | {"other": "", "reason": "Came in"})):
        assert (answer.status_code, answer.has_header("Retry-After")) == (503, True)
    assert not Amendment.objects.exists()


def test_wrong_method(alice: Client, taken: str, roster: list[int]) -> None:
    assert alice.put(f"{taken}amend/{roster[0]}").status_code == 405


def test_an_integrator_sees_no_page_to_correct_from(integrator: User, taken: str) -> None:
    assert "/amend/" not in browser(integrator).get(taken).content.decode()


def test_without_the_absence_store_it_is_added_all_the_same(
    alice: Client, taken: str, roster: list[int], mongodb_down: None
) -> None:
    path = f"{taken}amend/{roster[0]}"
    assert alice.post(path, fill(alice, path) | {"code": "N", "reason": "Not there"}).status_code == 302
    assert Amendment.objects.get().to_code == "N"
