"""The change feed has everything that is added to a school's record, once, in order and without gaps."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from absences.registers import amendments, completion
from absences.registers.amendments import Change
from absences.tests.api import Api, due_today, signed_in, with_ticket
from absences.tests.threads import at_once
from lessons.database.purge import lawful_purge
from lessons.factories import (
    ApiClientFactory,
    LessonFactory,
    MembershipFactory,
    SchoolFactory,
    StudentFactory,
    person,
)
from lessons.models import Amendment, FeedCounter, Lesson, Register, RejectedReport, Role, School, User
from lessons.registers import feed

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/api/v1/changes"


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher, students=2)


def amend(user: User, lesson: Lesson, student: int, code: str) -> None:
    change = Change(student_id=student, code=code, reason="Seen in the library")
    amendments.amend(user, lesson.pk, [change], now=timezone.now())


@pytest.fixture
def recorded(lesson: Lesson, teacher: User, office: User, roster: list[int], school: School) -> Lesson:
    """A register with one absence, a rejected report, an amendment and a void."""
    path, stranger = f"/api/v1/lessons/{lesson.pk}/absences", StudentFactory.create(school=school)
    with_ticket(teacher, lesson, roster).put(f"{path}/{roster[0]}", {"code": "N", "note": "overslept"})
    signed_in(office).put(f"{path}/{stranger.pk}", {"code": "N"})
    completion.complete(teacher, lesson.pk, now=timezone.now())
    amend(office, lesson, roster[0], "I")
    amendments.void(office, lesson.pk, "Wrong class", now=timezone.now())
    return lesson


def test_everything_in_order(recorded: Lesson, integrator: User, roster: list[int]) -> None:
    answer = signed_in(integrator).get(PATH).json()
    kinds = [(each["number"], each["kind"], each["lesson_id"]) for each in answer["results"]]
    assert kinds == [(n, kind, recorded.pk) for n, kind in enumerate(("register", "rejection", "amendment", "void"), 1)]
    assert (answer["next"], answer["previous"], answer["cursor"]) == (None, None, "4")
    register, rejection, amendment, void = answer["results"]
    first = register["register"]
    assert [(mark["student_id"], mark["code"]) for mark in first["marks"]] == [(roster[0], "N")], "as first written"
    assert (first["counts"]["absent"], first["roster"], first["unstated"]) == (1, roster, [])
    assert rejection["rejection"]["reason"] == "not_on_roster"
    assert (amendment["amendment"]["from_code"], amendment["amendment"]["to_code"]) == ("N", "I")
    assert void["amendment"]["kind"] == "void"


def test_notes_need_their_scope(recorded: Lesson, school: School) -> None:
    for scopes, note, reason in (("read", "", ""), ("read notes", "overslept", "Seen in the library")):
        client = ApiClientFactory.create(school=school, scopes=scopes)
        results = signed_in(client.user).get(PATH).json()["results"]
        assert results[0]["register"]["marks"][0]["note"] == note
        assert results[2]["amendment"]["reason"] == reason


def test_page_by_page(recorded: Lesson, office: User) -> None:
    api, url, numbers = signed_in(office), f"{PATH}?page_size=1", []
    while url:
        page = api.get(url).json()
        numbers += [each["number"] for each in page["results"]]
        url = page["next"]
    assert numbers == [1, 2, 3, 4]
    rest = api.get(PATH, after="3").json()
    assert [each["number"] for each in rest["results"]] == [4]
    assert api.get(PATH, after=rest["cursor"]).json()["results"] == []


def test_asking_again_is_cheap(recorded: Lesson, office: User, django_assert_max_num_queries: Any) -> None:
    api = signed_in(office)
    tag = api.get(PATH, after="4")["ETag"]
    with django_assert_max_num_queries(3) as asked:  # the user, their roles, the counter
        again = api.client.get(f"{PATH}?after=4", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert "feedcounter" in asked.captured_queries[-1]["sql"]
    amend(office, recorded, recorded.register.roster[0], "M")
    assert api.client.get(f"{PATH}?after=4", headers={"if-none-match": tag}).status_code == 200


def test_how_many_questions_it_asks(recorded: Lesson, office: User, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(8):
        signed_in(office).get(PATH)


def test_who_reads_it(recorded: Lesson, teacher: User, school: School) -> None:
    elsewhere = person(SchoolFactory.create(), Role.OFFICE, "zoe")
    assert signed_in(elsewhere).get(PATH).json()["results"] == []
    writing = ApiClientFactory.create(school=school, scopes="report")
    for user in (teacher, person(None, Role.OPERATOR, "oscar"), writing.user):
        assert signed_in(user).get(PATH).status_code == 403
    assert Api().get(PATH).status_code == 401


def test_a_session_with_two_schools_says_which(recorded: Lesson, office: User) -> None:
    other = SchoolFactory.create()
    MembershipFactory.create(user=office, school=other, role=Role.OFFICE)
    client = Client()
    client.force_login(office)
    assert client.get(PATH).status_code == 400
    assert len(client.get(PATH, {"school": recorded.school_id}).json()["results"]) == 4
    assert client.get(PATH, {"school": other.pk}).json()["results"] == []
    assert client.get(PATH, {"school": SchoolFactory.create().pk}).status_code == 400


@pytest.mark.parametrize(
    "query",
    [{"after": "-1"}, {"after": "x"}, {"after": "٣"}, {"after": "9" * 19}, {"page_size": 0}, {"page_size": "x"}],
)
def test_malformed_queries_are_400(query: dict[str, Any], office: User) -> None:
    answer = signed_in(office).get(PATH, **query)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_a_poller_skips_nothing_that_is_committed_while_it_reads(
    recorded: Lesson, office: User, teacher: User, school: School
) -> None:
    """A register and its amendment are committed after the registers were read and before the amendments are."""
    other = LessonFactory.create(group__school=school, taught_by=teacher, students=1)
    student = other.group.enrolments.get().student_id
    committed = Event()

    def commit() -> None:
        completion.complete(office, other.pk, now=timezone.now())
        amend(office, other, student, "M")
        connection.close()

    def meanwhile(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if 'FROM "lessons_amendment"' in sql and not committed.is_set():
            committed.set()
            thread = Thread(target=commit)
            thread.start()
            thread.join()
        return execute(sql, params, many, context)

    api = signed_in(office)
    with connection.execute_wrapper(meanwhile):
        first = api.get(PATH).json()
    assert committed.is_set()
    rest = api.get(PATH, after=first["cursor"]).json()
    assert [each["number"] for each in first["results"] + rest["results"]] == [1, 2, 3, 4, 5, 6]


def test_concurrent_commits_leave_no_gap(school: School, teacher: User, office: User) -> None:
    """A poller reads all the time."""
    lessons = [LessonFactory.create(group__school=school, taught_by=teacher, students=1) for _ in range(8)]
    done, numbers = Event(), list[int]()

    def work(own: list[Lesson]) -> Callable[[], None]:
        def take() -> None:
            for lesson in own:
                completion.complete(teacher, lesson.pk, now=timezone.now())
                amend(office, lesson, lesson.group.enrolments.get().student_id, "M")

        return take

    def poll() -> None:
        while True:
            last = done.is_set()
            until = feed.last_number(school.pk)
            numbers.extend(
                change.row.feed_number
                for change in feed.read(school.pk, after=numbers[-1] if numbers else 0, until=until, limit=3)
            )
            if last and numbers and numbers[-1] == until:
                connection.close()
                return

    poller = Thread(target=poll)
    poller.start()
    try:
        at_once(*(work(lessons[start::2]) for start in range(2)))  # a process has four connections
    finally:
        done.set()
        poller.join()
    assert numbers == list(range(1, 17))
    assert FeedCounter.objects.get().last_number == 16


def test_it_is_read_by_its_index(recorded: Lesson) -> None:
    """However long the record is, a page is found where it begins."""
    for model in (Register, Amendment, RejectedReport):
        page = model.objects.filter(school=recorded.school_id, feed_number__gt=1, feed_number__lte=9)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
        plan = page.order_by("feed_number")[:100].explain()
        assert "feed" in plan.lower() and "SCAN lessons" not in plan, plan


def test_the_numbers_of_a_refused_change_are_given_again(recorded: Lesson, office: User, roster: list[int]) -> None:
    before = feed.last_number(recorded.school_id)
    late = timezone.now() + timedelta(days=1)
    body = {"amendments": [{"student_id": student, "code": "N", "reason": "x"} for student in (roster[0], 10**9)]}
    assert signed_in(office).post(f"/api/v1/lessons/{recorded.pk}/register/amendments", body).status_code == 422
    amendments.amend(office, recorded.pk, [Change(student_id=roster[0], code="M", reason="x")], now=late)
    assert feed.last_number(recorded.school_id) == before + 1


def test_what_was_purged_leaves_a_poller_at_the_end(recorded: Lesson, office: User) -> None:
    """Otherwise it would ask for the same page for ever."""
    with lawful_purge("A court says so"):
        Amendment.objects.all().delete()
    page = signed_in(office).get(PATH).json()
    assert ([each["number"] for each in page["results"]], page["next"], page["cursor"]) == ([1, 2], None, "4")
