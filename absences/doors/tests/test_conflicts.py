"""Two people who mark one pupil: the register asks, and nobody is overwritten."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from absences.store import sheets
from absences.store.marks import current_marks
from absences.store.sheets import Key
from absences.tests.api import due_today
from absences.tests.pages import Form, browser, fill, marks, move_to_tokyo
from lessons.models import Lesson, Register, School, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


def test_a_stale_page_never_overwrites_a_colleague(
    alice: Client, colleague: User, page: str, lesson: Lesson, roster: list[int]
) -> None:
    move_to_tokyo(lesson)
    stale = fill(alice, page, **{f"mark_{roster[0]}": "N", f"mark_{roster[1]}": "N"})
    bob = browser(colleague)
    bob.post(page, fill(bob, page, **{f"mark_{roster[0]}": "L"}))
    for path in (page, f"{page}complete"):
        response = alice.post(path, stale)
        assert response.status_code == 409
        sheet = sheets.read(Key(lesson.school_id, lesson.pk))
        assert sheet is not None
        clock = sheet["absences"][f"s{roster[0]}"]["at"].astimezone(ZoneInfo("Asia/Tokyo"))
        assert re.search(rf"Bob Nowak marked .* late.* at {clock:%H:%M}\.", response.content.decode())
    assert marks(lesson) in ({roster[0]: "L", roster[1]: "N"}, {roster[0]: "U", roster[1]: "N"})
    assert not Register.objects.exists()


@pytest.fixture
def disputed(alice: Client, colleague: User, page: str, roster: list[int]) -> dict[str, str]:
    """The form that Alice gets back: Bob marked a student 5 minutes late, and she says 9."""
    stale = fill(alice, page, **{f"mark_{roster[0]}": "L", f"minutes_{roster[0]}": "9"})
    bob = browser(colleague)
    bob.post(page, fill(bob, page, **{f"mark_{roster[0]}": "L", f"minutes_{roster[0]}": "5"}))
    return Form(alice.post(page, stale).content).fields


def minutes(lesson: Lesson, student: int) -> int | None:
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    assert sheet is not None
    return sheet["absences"][f"s{student}"]["minutes_late"]


def test_theirs_is_kept(alice: Client, page: str, lesson: Lesson, roster: list[int], disputed: dict[str, str]) -> None:
    assert "Nothing had changed" in alice.post(page, disputed, follow=True).content.decode()
    assert minutes(lesson, roster[0]) == 5


def test_mine_is_used(alice: Client, page: str, lesson: Lesson, roster: list[int], disputed: dict[str, str]) -> None:
    assert alice.post(page, disputed | {f"mark-{roster[0]}": "mine"}).status_code == 302
    assert minutes(lesson, roster[0]) == 9


def test_the_note_of_mine_comes_back_with_it(
    alice: Client, page: str, lesson: Lesson, roster: list[int], disputed: dict[str, str]
) -> None:
    ava, ben = roster[:2]
    mine = {f"mark-{ava}": "mine", f"minenote-{ava}": "Bus broke down"}
    back = alice.post(page, disputed | mine | {f"mark-{ben}": "L", f"minutes-{ben}": "x"})
    assert back.status_code == 400
    assert alice.post(page, Form(back.content).fields | {f"minutes-{ben}": "3"}).status_code == 302
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    assert [(mark["minutes_late"], mark["note"]) for mark in current_marks(sheet)] == [
        (9, "Bus broke down"),
        (3, ""),
    ]


@pytest.mark.parametrize("lost", ["mine", "mineminutes"])
def test_a_malformed_choice_writes_nothing(
    lost: str, alice: Client, page: str, lesson: Lesson, roster: list[int], disputed: dict[str, str]
) -> None:
    sent = disputed | {f"mark-{roster[0]}": "mine", f"{lost}-{roster[0]}": "mine"}
    assert alice.post(page, sent).status_code == 400
    assert minutes(lesson, roster[0]) == 5


def test_a_form_that_came_back_is_as_old_as_it_was(
    alice: Client, colleague: User, page: str, lesson: Lesson, roster: list[int]
) -> None:
    stale = fill(alice, page, **{f"mark_{roster[0]}": "N", f"mark_{roster[1]}": "L", f"minutes_{roster[1]}": "x"})
    bob = browser(colleague)
    bob.post(page, fill(bob, page, **{f"mark_{roster[0]}": "/"}))
    back = Form(alice.post(page, stale).content).fields | {f"minutes-{roster[1]}": "3"}
    assert alice.post(page, back).status_code == 409, "she has not seen yet what Bob said"
    assert marks(lesson)[roster[0]] == "/"


def test_two_who_agree_are_not_asked(
    alice: Client, colleague: User, page: str, lesson: Lesson, roster: list[int]
) -> None:
    same = fill(alice, page, **{f"mark_{roster[0]}": "N"})
    bob = browser(colleague)
    bob.post(page, fill(bob, page, **{f"mark_{roster[0]}": "N"}))
    assert alice.post(page, same).status_code == 302
    assert marks(lesson) == {roster[0]: "N"}


def test_an_old_page_sent_again_says_so(alice: Client, page: str, lesson: Lesson, roster: list[int]) -> None:
    old = fill(alice, page, **{f"mark_{roster[0]}": "N"})
    alice.post(page, old)
    alice.post(page, old | {f"mark-{roster[0]}": "/"})
    with time_machine.travel(timedelta(seconds=1), tick=False):
        again = alice.post(page, old, follow=True)
    assert "had been sent before" in again.content.decode()
    assert marks(lesson) == {roster[0]: "/"}
