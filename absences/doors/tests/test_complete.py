"""Finishing a register with the form."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences.registers import completion
from absences.tests.api import due_today, signed_in
from absences.tests.pages import browser, fill, statements
from lessons.factories import EnrolmentFactory, StudentFactory
from lessons.models import Amendment, Lesson, LessonStaff, Mark, Register, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


def test_finishing_carries_the_marks(alice: Client, page: str, roster: list[int]) -> None:
    sent = fill(alice, page, **{f"mark_{roster[0]}": "N", f"mark_{roster[1]}": "N"})
    response = alice.post(f"{page}complete", sent, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "2 present, 2 absent." in response.content.decode()
    assert (Register.objects.get().unstated, Mark.objects.count()) == ([], 2)
    assert Register.objects.get().source == "page"


def test_the_result_leads_to_correcting(alice: Client, page: str) -> None:
    assert f'<a href="{page}">See or correct it</a>' in alice.post(
        f"{page}complete", fill(alice, page), follow=True
    ).content.decode().replace("\n", "")


def test_the_counts_add_up_to_the_class(alice: Client, office: User, page: str, roster: list[int]) -> None:
    for student, code in zip(roster, ("V", "X", "L"), strict=False):
        signed_in(office).put(f"/api/v1{page}absences/{student}", {"code": code})
    content = alice.post(f"{page}complete", fill(alice, page), follow=True).content.decode()
    assert "1 present, 0 absent, 1 late, 1 at another activity, 1 not expected." in content


def test_finishing_twice_gives_the_same_result(alice: Client, page: str, roster: list[int]) -> None:
    sent = fill(alice, page, **{f"mark_{roster[0]}": "N"})
    for _ in range(2):
        content = alice.post(f"{page}complete", sent, follow=True).content.decode()
        assert "register taken" in content
        assert "3 present, 1 absent." in content
    assert Register.objects.count() == 1
    assert not Amendment.objects.exists()


def test_a_colleague_was_faster(alice: Client, colleague: User, page: str, lesson: Lesson, roster: list[int]) -> None:
    sent = fill(alice, page, **{f"mark_{roster[0]}": "N"})
    completion.complete(colleague, lesson.pk, now=timezone.now(), roster_seen=roster)
    response = alice.post(f"{page}complete", sent, follow=True)
    assert response.redirect_chain == [(page, 302)]
    assert "Bob Nowak had finished this register already" in response.content.decode()
    assert Amendment.objects.get().to_code == "N", "what Alice saw is not lost"


def test_who_was_not_on_the_page_is_unstated(alice: Client, page: str, lesson: Lesson) -> None:
    sent = fill(alice, page)
    joined = EnrolmentFactory.create(group=lesson.group).student_id
    alice.post(f"{page}complete", sent)
    assert Register.objects.get().unstated == [joined]


def test_a_colleague_takes_it_as_cover(colleague: User, page: str) -> None:
    bob = browser(colleague)
    assert "Cover for Alice Lee" in bob.get(page).content.decode()
    bob.post(f"{page}complete", fill(bob, page))
    assert LessonStaff.objects.get(user=colleague).kind == "cover"


def test_who_may_not(outsider: User, page: str) -> None:
    assert browser(outsider).post(f"{page}complete", {"roster_seen": ""}).status_code == 404
    assert Client().post(f"{page}complete").headers["location"].startswith("/accounts/login/")
    assert not Register.objects.exists()


def test_nothing_is_finished_while_something_is_wrong(alice: Client, page: str, roster: list[int]) -> None:
    stranger = StudentFactory.create().pk
    for wrong in ({f"mark_{roster[0]}": "Q9"}, {f"mark_{stranger}": "N"}):
        assert alice.post(f"{page}complete", fill(alice, page, **wrong)).status_code == 400
    assert not Register.objects.exists()


@pytest.mark.parametrize("seen", ["", "x", "٣,\0", "9" * 5000, ",,-1,1e3", str(2**63)])
def test_a_malformed_roster_states_nobody(seen: str, alice: Client, page: str, roster: list[int]) -> None:
    alice.post(f"{page}complete", fill(alice, page) | {"roster_seen": seen})
    assert Register.objects.get().unstated == roster


def test_not_yet_due_and_cancelled(alice: Client, page: str) -> None:
    sent = fill(alice, page)
    Lesson.objects.update(starts_at=timezone.now() + timedelta(hours=3))
    assert alice.post(f"{page}complete", sent).status_code == 409
    Lesson.objects.update(status=Lesson.Status.CANCELLED)
    assert alice.post(f"{page}complete", sent).status_code == 409
    assert not Register.objects.exists()


def test_wrong_method(alice: Client, page: str) -> None:
    assert alice.get(f"{page}complete").status_code == 405


def test_store_down_is_a_page_that_says_so(mongodb_down: None, alice: Client, page: str) -> None:
    response = alice.post(f"{page}complete", {"roster_seen": ""})
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert "Nothing that you entered is lost" in response.content.decode()


@pytest.mark.parametrize("size", [5, 60])
def test_it_costs_at_most_twelve_statements(
    size: int, school: School, teacher: User, alice: Client, commands: list[str]
) -> None:
    some = due_today(school, teacher, students=size)
    page = f"/lessons/{some.pk}/"
    absent = some.group.enrolments.values_list("student", flat=True)[: size // 2]
    sent = fill(alice, page, **{f"mark_{pk}": "N" for pk in absent})
    commands.clear()
    with CaptureQueriesContext(connection) as queries:
        assert alice.post(f"{page}complete", sent).status_code == 302
    assert len(statements(queries)) <= 12, "\n".join(statements(queries))
    assert commands == ["update", "findAndModify", "update"]
