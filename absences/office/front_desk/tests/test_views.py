"""Late pupils sign in, early leavers sign out."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from absences.registers import completion
from absences.reporting import service, tickets
from absences.store.reports import Report
from absences.tests.api import due_today
from absences.tests.pages import browser
from lessons.factories import StudentFactory, person
from lessons.models import Amendment, DeskEntry, Lesson, Role, School, Student, User

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/front-desk/"


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def ava(lesson: Lesson, students: list[Student], teacher: User, roster: list[int]) -> Student:
    """Returns a pupil who is absent in a taken register."""
    now = timezone.now()
    claims = tickets.claims_for(teacher, lesson, roster, now)
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N")], now)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    return students[0]


@pytest.fixture
def olive(office: User) -> Client:
    return browser(office)


def test_a_pupil_is_found_however_it_is_typed(olive: Client, school: School) -> None:
    zoe = StudentFactory.create(school=school, legal_name="Zoë Quillfeather-Łaski", preferred_name="Bee Łaski")
    left = StudentFactory.create(school=school, legal_name="Zoë Quillfeather-Gone", left=True)
    foreign = StudentFactory.create(legal_name="Zoë Quillfeather-Else")
    for asked in ("zoe", "laski bee", "ŁASKI", " zoë quill"):
        page = olive.get(PAGE, {"q": asked}).content.decode()
        assert f"{PAGE}{zoe.pk}/in" in page
        assert f"{PAGE}{left.pk}/in" not in page
        assert f"{PAGE}{foreign.pk}/in" not in page
    assert "No pupil of the school has such a name." in olive.get(PAGE, {"q": "nobody"}).content.decode()
    assert olive.get(PAGE, {"q": "a\0" + "x" * 3000}).status_code == 200


@pytest.mark.parametrize(("year", "name"), [(0, "Reception"), (-1, "Nursery"), (8, "Year 8")])
def test_the_first_years_have_names(year: int, name: str, olive: Client, ava: Student) -> None:
    """On all of the office's pages about a pupil."""
    Student.objects.update(year_group=year)
    asked = {"q": ava.name}
    pages = [(PAGE, asked), ("/planned-absences/add", asked), ("/follow-up/", {}), ("/follow-up/calls", {})]
    for address, query in [*pages, (f"/students/{ava.pk}/evidence", {})]:
        page = olive.get(address, query).content.decode()
        assert name in page, address
        assert f"Year {year}" == name or f"Year {year}" not in page, address


def test_more_than_a_page_takes(olive: Client, school: School) -> None:
    StudentFactory.create_batch(22, school=school)
    page = olive.get(PAGE, {"q": "quillfeather"}).content.decode()
    assert (page.count('class="desk"'), "Type more of it." in page) == (20, True)


def test_signing_in_tells_the_register(olive: Client, ava: Student, lesson: Lesson) -> None:
    said = olive.post(f"{PAGE}{ava.pk}/in", {"note": "Bus was late"}, follow=True).content.decode()
    assert f"{ava.name} signed in at" in said
    assert f">{lesson.group.name} Maths 00:00</a> says: Late" in said
    assert Amendment.objects.get().kind == "arrival"
    entry = DeskEntry.objects.get()
    assert (entry.note, entry.direction, entry.by_name, entry.date) == (
        "Bus was late",
        "in",
        "Olive Grant",
        lesson.date,
    )
    assert "Bus was late" in said, "among today's entries"


def test_pressed_again_it_says_what_stands(olive: Client, ava: Student) -> None:
    olive.post(f"{PAGE}{ava.pk}/in")
    said = olive.post(f"{PAGE}{ava.pk}/in", follow=True).content.decode()
    assert f"{ava.name} had signed in already, at" in said
    assert (DeskEntry.objects.count(), Amendment.objects.count()) == (1, 1)


def test_twice_at_once(office: User, ava: Student) -> None:
    gate = threading.Barrier(2)

    def press() -> int:
        client = browser(office)
        gate.wait()
        status = client.post(f"{PAGE}{ava.pk}/in").status_code
        connection.close()
        return status

    with ThreadPoolExecutor(2) as pool:
        assert [each.result() for each in [pool.submit(press) for _ in range(2)]] == [302, 302]
    assert (DeskEntry.objects.count(), Amendment.objects.count()) == (1, 1)


def test_before_the_register_is_taken(olive: Client, lesson: Lesson, students: list[Student]) -> None:
    said = olive.post(f"{PAGE}{students[0].pk}/in", follow=True).content.decode()
    assert "says: Late" in said


def test_where_she_is_in_the_room_already(olive: Client, ava: Student, students: list[Student]) -> None:
    said = olive.post(f"{PAGE}{students[1].pk}/in", follow=True).content.decode()
    assert "says: Present. Nothing was changed there" in said
    assert not Amendment.objects.exists()


def test_where_no_register_waits(olive: Client, school: School) -> None:
    pupil = StudentFactory.create(school=school)
    said = olive.post(f"{PAGE}{pupil.pk}/in", follow=True).content.decode()
    assert "No register waits for this pupil just now." in said


def test_signing_out(olive: Client, ava: Student) -> None:
    for said in ("signed out at", "had signed out already, at"):
        page = olive.post(f"{PAGE}{ava.pk}/out", {"note": "Dentist, with her father."}, follow=True).content.decode()
        assert said in page
        assert ": Dentist, with her father." in page
    assert DeskEntry.objects.get().direction == "out"
    assert not Amendment.objects.exists()


@pytest.mark.parametrize(
    ("way", "note"), [("out", ""), ("out", "  "), ("out", "x" * 201), ("in", "x" * 201), ("in", "a\0b")]
)
def test_a_note_that_is_wrong(way: str, note: str, olive: Client, ava: Student) -> None:
    answer = olive.post(f"{PAGE}{ava.pk}/{way}", {"note": note})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "Nothing was saved." in page
    assert f"{PAGE}{ava.pk}/{way}" in page, "the pupil is still there"
    assert "\0" in note or not note.strip() or note in page
    assert not DeskEntry.objects.exists()


def test_who_may_not(teacher: User, integrator: User, outsider: User, ava: Student) -> None:
    foreign_office = person(outsider.memberships.get().school, Role.OFFICE, "oscar")
    for user, page, post in (
        (teacher, 403, 403),
        (integrator, 403, 403),
        (outsider, 403, 404),
        (foreign_office, 200, 404),
    ):
        client = browser(user)
        assert client.get(PAGE, {"q": "quill"}).status_code == page
        assert ava.name not in client.get(PAGE, {"q": "quill"}).content.decode()
        for way in ("in", "out"):
            assert client.post(f"{PAGE}{ava.pk}/{way}", {"note": "x"}).status_code == post
    assert Client().get(PAGE).headers["location"].startswith("/accounts/login/")
    assert not DeskEntry.objects.exists()


@pytest.mark.parametrize("student", ["0", "x", "9" * 30, str(2**62)])
def test_a_malformed_student_is_404(student: str, olive: Client) -> None:
    for way in ("in", "out"):
        assert olive.post(f"{PAGE}{student}/{way}", {"note": "x"}).status_code == 404


def test_wrong_method(olive: Client, ava: Student) -> None:
    for path in ("in", "out"):
        assert olive.get(f"{PAGE}{ava.pk}/{path}").status_code == 405
    assert olive.post(PAGE).status_code == 405


def test_store_down(olive: Client, ava: Student, mongodb_down: None) -> None:
    """The entry is kept whether or not the registers can be reached."""
    said = olive.post(f"{PAGE}{ava.pk}/in", follow=True).content.decode()
    assert "could not be told just now" in said
    assert DeskEntry.objects.count() == 1


def test_the_way_there(olive: Client, teacher: User, lesson: Lesson) -> None:
    for path in (PAGE, "/follow-up/", "/follow-up/calls", "/planned-absences/"):
        assert f'href="{path}"' in olive.get("/", follow=True).content.decode()
        assert f'href="{path}"' not in browser(teacher).get("/").content.decode()
