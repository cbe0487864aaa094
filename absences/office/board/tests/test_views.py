"""The board as the office watches it, and notices to and from it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences.registers import completion
from absences.tests.api import due_today
from absences.tests.pages import browser, statements
from lessons.factories import MembershipFactory, SchoolFactory, StudentFactory, UserFactory, person
from lessons.models import Lesson, Notice, Role, School, Student, User

pytestmark = pytest.mark.django_db(transaction=True)

PAGE, STATE = "/board/", "/board/state"


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher)


@pytest.fixture
def olive(office: User) -> Client:
    return browser(office)


@pytest.fixture
def alice(teacher: User) -> Client:
    return browser(teacher)


def text(client: Client, path: str = PAGE, **query: str) -> str:
    return client.get(path, query).content.decode()


class TestWatching:
    def test_one_click_to_the_register(self, olive: Client, lesson: Lesson) -> None:
        shown = text(olive, period="day")
        assert f'href="/lessons/{lesson.pk}/"' in shown
        assert "0 of 4 marked" in shown
        assert "Alice Lee" in shown

    def test_it_is_the_offices(self, alice: Client, outsider: User, integrator: User, lesson: Lesson) -> None:
        for client in (alice, browser(outsider)):
            assert {client.get(path).status_code for path in (PAGE, STATE)} == {403}
        assert browser(integrator).get(PAGE).status_code == 403
        assert Client().get(PAGE).status_code == 302
        assert Client().get(STATE).status_code == 401, "a script cannot use the sign-in page"

    def test_another_school(self, olive: Client, office: User, lesson: Lesson) -> None:
        foreign = due_today(SchoolFactory.create(), person(None, Role.OPERATOR, "nobody"))
        for path in (PAGE, STATE):
            assert olive.get(path, {"school": foreign.school_id}).status_code == 404
            assert olive.get(path, {"school": "x"}).status_code == 404
        MembershipFactory.create(user=office, school=foreign.school, role=Role.OFFICE)
        shown = text(browser(User.objects.get(pk=office.pk)), period="day", school=str(foreign.school_id))
        assert f"/lessons/{foreign.pk}/" in shown
        assert f"/lessons/{lesson.pk}/" not in shown

    def test_no_such_period(self, olive: Client) -> None:
        for path in (PAGE, STATE):
            for given in ("9 o'clock", "\0", "x" * 5000):
                assert olive.get(path, {"period": given}).status_code == 400

    def test_nothing_to_take(self, olive: Client) -> None:
        assert "every register that was due is taken" in text(olive)
        assert "There are no lessons then." in text(olive, period="PM")

    def test_wrong_methods(self, olive: Client, lesson: Lesson) -> None:
        for path in (PAGE, STATE):
            assert olive.post(path).status_code == 405
        assert olive.get(f"/board/remind/{lesson.pk}").status_code == 405
        assert olive.get("/notices/1/done").status_code == 405
        assert olive.get(f"/lessons/{lesson.pk}/someone-else").status_code == 405

    def test_without_mongodb(self, mongodb_down: None, olive: Client, lesson: Lesson) -> None:
        shown = text(olive, period="day")
        assert "it is not known which registers are being taken" in shown
        assert "of 4 marked" not in shown


class TestPolling:
    def test_nothing_is_read_while_nothing_changes(self, olive: Client, lesson: Lesson) -> None:
        for _ in range(2):  # a minute may end in between
            version = olive.get(STATE)["ETag"]
            with CaptureQueriesContext(connection) as queries:
                answer = olive.get(STATE, headers={"if-none-match": version})
            if answer.status_code == 304:
                break
        assert (answer.status_code, answer.content) == (304, b"")
        asked = statements(queries)
        assert len(asked) == 3, "the session, its user with their roles, the counters"
        assert not any("lessons_lesson" in each or "lessons_register" in each for each in asked)

    def test_a_register_that_is_taken_shows_at_once(self, olive: Client, teacher: User, lesson: Lesson) -> None:
        before = olive.get(STATE, {"period": "day"})
        completion.complete(teacher, lesson.pk, now=timezone.now(), roster_seen=[])
        after = olive.get(STATE, {"period": "day"}, headers={"if-none-match": before["ETag"]})
        assert after.status_code == 200
        assert "Alice Lee" in after.content.decode()
        assert 'data-said="Taken: 1"' in after.content.decode()
        assert "<html" not in after.content.decode()


class TestReminding:
    def test_the_teacher_finds_it_until_the_register_is_taken(
        self, olive: Client, alice: Client, teacher: User, lesson: Lesson
    ) -> None:
        said = olive.post(f"/board/remind/{lesson.pk}?period=day", follow=True)
        assert "Alice Lee will find a reminder" in said.content.decode()
        assert "Reminded" in said.content.decode()
        assert said.redirect_chain == [("/board/?period=day", 302)]
        assert "Olive Grant asks you to take the register" in text(alice, "/")
        completion.complete(teacher, lesson.pk, now=timezone.now(), roster_seen=[])
        assert "asks you to take" not in text(alice, "/")

    def test_pressed_again(self, olive: Client, lesson: Lesson) -> None:
        olive.post(f"/board/remind/{lesson.pk}")
        assert "had been reminded" in olive.post(f"/board/remind/{lesson.pk}", follow=True).content.decode()
        assert Notice.objects.count() == 1

    def test_two_press_at_once(self, office: User, lesson: Lesson) -> None:
        gate = threading.Barrier(2)

        def press(_: int) -> int:
            client = browser(office)
            gate.wait()
            try:
                return client.post(f"/board/remind/{lesson.pk}").status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(press, range(2))) == [302, 302]
        assert Notice.objects.count() == 1

    def test_what_it_is_refused_for(self, olive: Client, alice: Client, outsider: User, lesson: Lesson) -> None:
        path = f"/board/remind/{lesson.pk}"
        assert alice.post(path).status_code == 403
        assert browser(outsider).post(path).status_code == 404
        lesson.staff.all().delete()
        assert olive.post(path).status_code == 409, "nobody to remind"
        completion.complete(User.objects.get(username="olive"), lesson.pk, now=timezone.now(), roster_seen=[])
        assert olive.post(path).status_code == 409, "taken"
        assert not Notice.objects.exists()

    def test_a_teacher_says_that_it_is_somebody_elses(self, olive: Client, alice: Client, lesson: Lesson) -> None:
        olive.post(f"/board/remind/{lesson.pk}")
        notice = Notice.objects.get()
        assert alice.post(f"/notices/{notice.pk}/done")["Location"] == "/"
        assert "asks you to take" not in text(alice, "/")
        olive.post(f"/board/remind/{lesson.pk}")
        assert Notice.objects.open().count() == 1, "reminded anew"


class TestSomebodyElse:
    @pytest.fixture
    def zoe(self, school: School) -> Student:
        zoe: Student = StudentFactory.create(school=school, legal_name="Zoë Quillfeather")
        return zoe

    def tell(self, client: Client, lesson: Lesson, what: str) -> str:
        return client.post(f"/lessons/{lesson.pk}/someone-else", {"text": what}, follow=True).content.decode()

    def test_the_office_is_told(self, olive: Client, alice: Client, lesson: Lesson, zoe: Student) -> None:
        assert "The office has been told" in self.tell(alice, lesson, "zoe quillfeather")
        shown = text(olive)
        assert "Alice Lee in" in shown
        assert "“zoe quillfeather”" in shown
        assert f'href="/students/{zoe.pk}/"' in shown
        notice = Notice.objects.get()
        answer = olive.post(f"/notices/{notice.pk}/done?period=day")
        assert answer["Location"] == "/board/?period=day"
        olive.post(f"/notices/{notice.pk}/done")
        assert "“zoe quillfeather”" not in text(olive)

    def test_the_teacher_learns_no_name(self, alice: Client, lesson: Lesson, zoe: Student) -> None:
        assert "Zoë" not in self.tell(alice, lesson, "zoe")

    def test_only_one_who_is_meant_is_found(self, alice: Client, lesson: Lesson, zoe: Student) -> None:
        StudentFactory.create(legal_name="Quentin Else")  # of another school
        StudentFactory.create(school=zoe.school, legal_name="Zoë Twice")
        for said in ("zoe", "quentin", "a tall one in a red scarf"):
            self.tell(alice, lesson, said)
        assert set(Notice.objects.values_list("student", flat=True)) == {None}

    def test_told_twice(self, alice: Client, lesson: Lesson) -> None:
        self.tell(alice, lesson, "zoe")
        self.tell(alice, lesson, " zoe ")
        assert Notice.objects.count() == 1

    def test_told_by_two_at_once(self, alice: Client, teacher: User, lesson: Lesson) -> None:
        """The second arrives while the first is being written: one notice is kept, and the text can be sent again."""
        other = threading.Thread(target=self.tell_and_leave, args=(browser(teacher), lesson))

        def meanwhile(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            if sql.startswith('INSERT INTO "lessons_notice"'):
                other.start()
                other.join(0.5)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(meanwhile):
            self.tell(alice, lesson, "Ada of 8B")
        other.join()
        assert Notice.objects.count() == 1
        assert "has been told" in self.tell(alice, lesson, "Ada of 8B")

    def tell_and_leave(self, client: Client, lesson: Lesson) -> None:
        try:
            self.tell(client, lesson, "Ada of 8B")
        finally:
            connection.close()

    @pytest.mark.parametrize("what", ["", "  ", "x" * 201, "a\0b"])
    def test_nothing_that_can_be_told(self, alice: Client, lesson: Lesson, what: str) -> None:
        assert "The office was not told" in self.tell(alice, lesson, what)
        assert not Notice.objects.exists()

    def test_of_whose_lessons(self, outsider: User, alice: Client, olive: Client, lesson: Lesson) -> None:
        assert browser(outsider).post(f"/lessons/{lesson.pk}/someone-else", {"text": "x"}).status_code == 404
        self.tell(alice, lesson, "somebody")
        notice = Notice.objects.get()
        assert alice.post(f"/notices/{notice.pk}/done").status_code == 404, "the notice is for the office"
        foreign = person(SchoolFactory.create(), Role.OFFICE, "foreign-office")
        assert browser(foreign).post(f"/notices/{notice.pk}/done").status_code == 404
        assert Notice.objects.open().count() == 1


class TestLanding:
    def test_the_office_lands_on_it(self, olive: Client, lesson: Lesson) -> None:
        assert olive.get("/")["Location"] == PAGE
        assert f"/lessons/{lesson.pk}/" in text(olive, "/", date="today")
        assert 'href="/board/"' in text(olive, "/", date="today")

    def test_who_teaches_too_lands_on_her_lessons(self, office: User, school: School) -> None:
        due_today(school, office)
        assert browser(office).get("/").status_code == 200

    def test_nobody_else(self, alice: Client) -> None:
        assert alice.get("/").status_code == 200
        assert 'href="/board/"' not in text(alice, "/")
        assert 'href="/board/"' not in text(browser(UserFactory.create()), "/")
