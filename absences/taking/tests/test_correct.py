"""Amending a register: everybody on one page, and one reason."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.reporting import service, tickets
from absences.store.reports import Report
from absences.tests.api import due_today
from absences.tests.pages import browser
from lessons.models import Amendment, Lesson, Register, School, User
from lessons.registers.state import state_of

pytestmark = pytest.mark.django_db(transaction=True)

WHY = {"reason": "Corrected during the lesson"}


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def path(lesson: Lesson, teacher: User, roster: list[int]) -> str:
    """Returns the address of a register in which the second pupil is absent and the third eight minutes late."""
    said = [Report(student_id=roster[1], code="N"), Report(student_id=roster[2], code="L", minutes_late=8)]
    claims = tickets.claims_for(teacher, lesson, roster, timezone.now())
    service.report(claims, lesson.pk, said, timezone.now())
    completion.complete(teacher, lesson.pk, now=timezone.now(), roster_seen=roster)
    return f"/lessons/{lesson.pk}/correct"


@pytest.fixture
def alice(teacher: User) -> Client:
    return browser(teacher)


def shown(content: str) -> dict[str, str]:
    """Returns the form as the page shows it, unchanged."""
    fields = dict(re.findall(r'name="((?:was|wasminutes|minutes)-\d+)"\s+value="(\w*|/)"', content))
    return fields | dict(re.findall(r'name="(mark-\d+)"\s+value="(/|\w+)"\s+checked', content))


def stands() -> list[str | None]:
    register = Register.objects.get()
    found = state_of(register, nation="england")
    return [found.code_of(pk) for pk in sorted(register.roster)]


def test_everybody_is_shown_as_they_stand(alice: Client, lesson: Lesson, path: str, roster: list[int]) -> None:
    content = alice.get(path).content.decode()
    form = shown(content)
    assert [form[f"mark-{pk}"] for pk in roster] == ["/", "N", "L", "/"]
    assert form[f"minutes-{roster[2]}"] == "8"
    assert 'value="Corrected during the lesson"' in content
    assert f'href="{path}"' in alice.get(f"/lessons/{lesson.pk}/").content.decode()


def test_only_what_was_changed_is_added(alice: Client, path: str, roster: list[int]) -> None:
    first, second, third, _ = roster
    sent = shown(alice.get(path).content.decode()) | WHY
    sent |= {f"mark-{first}": "N", f"mark-{second}": "/", f"minutes-{third}": "31"}
    assert "3 marks were added." in alice.post(path, sent, follow=True).content.decode()
    assert stands() == ["N", "/", "U", "/"]
    rows = Amendment.objects.order_by("student_id")
    assert [(row.from_code, row.to_code, row.to_minutes_late) for row in rows] == [
        *(("/", "N", None), ("N", "/", None), ("L", "U", 31))
    ]
    assert {row.reason for row in rows} == {"Corrected during the lesson"}


def test_nothing_changed_is_said(alice: Client, path: str) -> None:
    response = alice.post(path, shown(alice.get(path).content.decode()) | WHY)
    assert (response.status_code, "choose another mark" in response.content.decode()) == (400, True)


def test_what_was_given_meanwhile_is_not_overwritten(
    alice: Client, office: User, lesson: Lesson, path: str, roster: list[int]
) -> None:
    sent = shown(alice.get(path).content.decode()) | WHY | {f"mark-{roster[1]}": "/", f"mark-{roster[3]}": "N"}
    change = Change(student_id=roster[1], code="I", reason="Rang")
    amendments.amend(office, lesson.pk, [change], now=timezone.now())
    response = alice.post(path, sent)
    again = shown(response.content.decode())
    assert response.status_code == 409
    assert stands() == ["/", "I", "L", "/"], "all or none"
    assert (again[f"was-{roster[1]}"], again[f"mark-{roster[3]}"]) == ("I", "N"), "seen now, and kept"


def test_what_was_given_meanwhile_is_not_overwritten_by_a_form_that_came_back(
    alice: Client, office: User, lesson: Lesson, path: str, roster: list[int]
) -> None:
    sent = shown(alice.get(path).content.decode()) | {"reason": "", f"mark-{roster[1]}": "/"}
    change = Change(student_id=roster[1], code="L", reason="Came", minutes_late=20)
    amendments.amend(office, lesson.pk, [change], now=timezone.now())
    came_back = alice.post(path, sent)
    assert came_back.status_code == 400, "without a reason"
    assert alice.post(path, shown(came_back.content.decode()) | WHY).status_code == 409
    assert stands() == ["/", "L", "L", "/"]


def test_a_code_of_the_office_stays(alice: Client, office: User, lesson: Lesson, path: str, roster: list[int]) -> None:
    change = Change(student_id=roster[1], code="I", reason="Rang")
    amendments.amend(office, lesson.pk, [change], now=timezone.now())
    sent = shown(alice.get(path).content.decode())
    assert sent[f"mark-{roster[1]}"] == "I"
    alice.post(path, sent | WHY | {f"mark-{roster[0]}": "N"})
    assert stands() == ["N", "I", "L", "/"]


def test_sent_twice_it_is_added_once(alice: Client, path: str, roster: list[int]) -> None:
    sent = shown(alice.get(path).content.decode()) | WHY | {f"mark-{roster[0]}": "N"}
    for _ in range(2):
        assert alice.post(path, sent).status_code == 302
    assert Amendment.objects.count() == 1


@pytest.mark.parametrize("name", ["mark", "minutes", "was", "wasminutes"])
@pytest.mark.parametrize("value", ["$ne", "\0", "x" * 5000, "601", "\ud800"])
def test_bad_input_changes_nothing(name: str, value: str, alice: Client, path: str, roster: list[int]) -> None:
    sent = shown(alice.get(path).content.decode()) | WHY | {f"mark-{roster[2]}": "L", f"minutes-{roster[2]}": "9"}
    answer = alice.post(path, sent | {f"{name}-{roster[2]}": value.encode("utf-8", "surrogatepass").decode("latin-1")})
    assert answer.status_code in ((302,) if name == "wasminutes" else (400, 409))
    assert Amendment.objects.count() == (name == "wasminutes")


def test_who_may_not(
    outsider: User, colleague: User, integrator: User, alice: Client, path: str, lesson: Lesson, roster: list[int]
) -> None:
    sent = shown(alice.get(path).content.decode()) | WHY | {f"mark-{roster[0]}": "N"}
    for user, status in ((outsider, 404), (colleague, 403), (integrator, 403)):
        assert browser(user).post(path, sent).status_code == status
    assert Client().get(path).headers["location"].startswith("/accounts/login/")
    Lesson.objects.update(date=lesson.date - timedelta(days=1))
    assert alice.post(path, sent).status_code == 403, "beyond the window"
    assert not Amendment.objects.exists()


def test_before_it_is_taken(alice: Client, lesson: Lesson) -> None:
    assert alice.get(f"/lessons/{lesson.pk}/correct").status_code == 404


def test_wrong_method(alice: Client, path: str) -> None:
    assert alice.put(path).status_code == 405


def test_without_the_absence_store_it_is_corrected_all_the_same(
    alice: Client, path: str, roster: list[int], mongodb_down: None
) -> None:
    sent = shown(alice.get(path).content.decode()) | WHY | {f"mark-{roster[0]}": "N"}
    assert alice.post(path, sent).status_code == 302
    assert stands()[0] == "N"
