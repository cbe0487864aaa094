"""Taking a register again after it was voided."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.tests.api import due_today
from absences.tests.pages import browser
from lessons.models import Amendment, Lesson, Register, School, User
from lessons.registers.state import state_of

pytestmark = pytest.mark.django_db(transaction=True)

WHY = {"choice": "Marked by mistake"}


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def page(lesson: Lesson, teacher: User, roster: list[int]) -> str:
    """Returns the address of a voided register."""
    completion.complete(teacher, lesson.pk, now=timezone.now(), roster_seen=roster)
    amendments.void(teacher, lesson.pk, "Wrong class", now=timezone.now())
    return f"/lessons/{lesson.pk}/"


@pytest.fixture
def path(page: str) -> str:
    return f"{page}give-again"


@pytest.fixture
def alice(teacher: User) -> Client:
    return browser(teacher)


def codes_now() -> dict[int, str | None]:
    register = Register.objects.get()
    stands = state_of(register, nation="england")
    return {pk: stands.code_of(pk) for pk in register.roster}


def given(roster: list[int], *chosen: str) -> dict[str, str]:
    return WHY | {f"mark-{pk}": code for pk, code in zip(roster, chosen, strict=False)}


def test_everyone_is_given_in_one_go(alice: Client, page: str, path: str, roster: list[int]) -> None:
    sent = given(roster, "/", "N", "L", "L") | {f"minutes-{roster[2]}": "29", f"minutes-{roster[3]}": "30"}
    said = alice.post(path, sent, follow=True)
    assert said.redirect_chain == [(page, 302)]
    assert "4 marks were added." in said.content.decode()
    assert list(codes_now().values()) == ["/", "N", "L", "U"]
    rows = Amendment.objects.filter(kind="correction")
    assert {(row.reason, row.rev, row.from_code, row.source) for row in rows} == {
        ("Marked by mistake", 2, None, "page")
    }


def test_nothing_is_chosen_at_first_and_the_page_leads_there(alice: Client, page: str, path: str) -> None:
    content = alice.get(path).content.decode()
    assert content.count('type="radio"') == 12
    assert "checked" not in content
    assert f'href="{path}"' in alice.get(page).content.decode()


def test_who_is_left_out_stays_unstated(alice: Client, path: str, roster: list[int]) -> None:
    alice.post(path, given(roster, "/"))
    assert list(codes_now().values()) == ["/", None, None, None]
    assert alice.get(path).content.decode().count('type="radio"') == 9


def test_sent_twice_it_is_given_once(alice: Client, path: str, roster: list[int]) -> None:
    for _ in range(2):
        assert alice.post(path, given(roster, "/", "N", "/", "/")).status_code == 302
    assert Amendment.objects.count() == 5
    assert "Everybody on this register is stated" in alice.get(path).content.decode()


def test_what_was_given_meanwhile_is_not_overwritten(
    alice: Client, office: User, lesson: Lesson, path: str, roster: list[int]
) -> None:
    change = Change(student_id=roster[0], code="I", reason="Rang")
    amendments.amend(office, lesson.pk, [change], now=timezone.now())
    response = alice.post(path, given(roster, "/", "N"))
    assert (response.status_code, "given otherwise in the meantime" in response.content.decode()) == (409, True)
    assert list(codes_now().values()) == ["I", None, None, None], "all or none"
    assert response.content.decode().count("checked") == 1, "what was chosen for the others is still there"


@pytest.mark.parametrize(
    "wrong",
    [
        {"choice": ""},
        {"choice": "Because"},
        {"reason": "x" * 490},
        {"mark": ""},
        {"mark": "I"},
        {"mark": "$ne"},
        {"mark": "L", "minutes": "601"},
        {"mark": "L", "minutes": "-1"},
        {"mark": "L", "minutes": "\0"},
        {"mark": "", "minutes": "5"},
    ],
)
def test_bad_input_comes_back(wrong: dict[str, str], alice: Client, path: str, roster: list[int]) -> None:
    named = {f"{name}-{roster[0]}" if name in ("mark", "minutes") else name: value for name, value in wrong.items()}
    assert alice.post(path, given(roster, "N") | named).status_code == 400
    assert Amendment.objects.count() == 1


def test_a_stranger_is_refused(alice: Client, path: str, roster: list[int]) -> None:
    for stranger in (str(2**62), "x", "$where"):
        assert alice.post(path, given(roster, "N") | {f"mark-{stranger}": "N"}).status_code == 400
    assert Amendment.objects.count() == 1


def test_a_code_that_the_school_keeps_from_teachers(alice: Client, path: str, roster: list[int]) -> None:
    School.objects.update(teacher_codes="N")
    response = alice.post(path, given(roster, "/", "L"))
    assert (response.status_code, "not a code that you may use" in response.content.decode()) == (400, True)
    assert Amendment.objects.count() == 1


def test_who_may_not(
    outsider: User, colleague: User, integrator: User, alice: Client, path: str, lesson: Lesson, roster: list[int]
) -> None:
    for user, status in ((outsider, 404), (colleague, 403), (integrator, 403)):
        assert browser(user).post(path, given(roster, "N")).status_code == status
    assert Client().get(path).headers["location"].startswith("/accounts/login/")
    Lesson.objects.update(date=lesson.date - timedelta(days=1))
    assert alice.post(path, given(roster, "N")).status_code == 403, "beyond the window"
    assert Amendment.objects.count() == 1


def test_before_it_is_taken(alice: Client, lesson: Lesson) -> None:
    assert alice.get(f"/lessons/{lesson.pk}/give-again").status_code == 404


def test_wrong_method(alice: Client, path: str) -> None:
    assert alice.put(path).status_code == 405


def test_without_the_absence_store_it_is_given_all_the_same(
    alice: Client, path: str, roster: list[int], mongodb_down: None
) -> None:
    assert alice.post(path, given(roster, "N")).status_code == 302
    assert codes_now()[roster[0]] == "N"
