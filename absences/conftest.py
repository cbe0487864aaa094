"""The people and the lesson of most tests here: Monday 14 September 2026, 09:00 to 10:00 in London."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from absences.api.tests.putting import MIS
from absences.reporting import tickets
from absences.reporting.tickets import Claims
from absences.store import mongo
from absences.tests.api import Api, signed_in
from absences.tests.commands import LISTENER
from lessons.database.purge import lawful_purge
from lessons.factories import (
    ApiClientFactory,
    GroupFactory,
    LessonFactory,
    MembershipFactory,
    SchoolFactory,
    StudentFactory,
    person,
)
from lessons.models import Amendment, Group, Lesson, Mark, Register, RejectedReport, Role, School, Student, User

NOW = datetime(2026, 9, 14, 8, 5, tzinfo=UTC)  # 09:05 on the school's clocks
SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def school(db: None) -> School:
    return SchoolFactory.create()


@pytest.fixture
def teacher(school: School) -> User:
    return person(school, Role.TEACHER, "alice", name="Alice Lee")


@pytest.fixture
def colleague(school: School) -> User:
    return person(school, Role.TEACHER, "bob", name="Bob Nowak")


@pytest.fixture
def office(school: School) -> User:
    return person(school, Role.OFFICE, "olive", name="Olive Grant")


@pytest.fixture
def integrator(school: School) -> User:
    return person(school, Role.INTEGRATOR, "timetable", name="Timetable system")


@pytest.fixture
def outsider() -> User:
    """Returns a teacher of another school."""
    return person(SchoolFactory.create(), Role.TEACHER, "charlie", name="Charlie Ryan")


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    """Returns Alice's lesson, with four students."""
    return LessonFactory.create(group=GroupFactory.create(school=school), students=4, taught_by=teacher)


@pytest.fixture
def students(lesson: Lesson) -> list[Student]:
    """Returns the lesson's students, by id."""
    return sorted(Student.objects.enrolled(lesson.group_id, lesson.date), key=lambda student: student.pk)


@pytest.fixture
def roster(students: list[Student]) -> list[int]:
    return [student.pk for student in students]


@pytest.fixture
def claims(teacher: User, lesson: Lesson, roster: list[int], now: datetime) -> Claims:
    """Returns Alice's claims for her lesson."""
    return tickets.claims_for(teacher, lesson, roster, now)


@pytest.fixture
def colleague_claims(colleague: User, lesson: Lesson, roster: list[int], now: datetime) -> Claims:
    """Returns the claims of Bob, who may take the lesson as cover."""
    return tickets.claims_for(colleague, lesson, roster, now)


@pytest.fixture
def mongodb_down(settings: Settings) -> Iterator[None]:
    """Makes MongoDB's address one at which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    mongo.close()
    settings.MONGODB_URL = f"mongodb://127.0.0.1:{port}/"
    settings.MONGODB_TIMEOUT = 0.8
    yield
    mongo.close()


@pytest.fixture
def commands() -> Iterator[list[str]]:
    mongo.close()  # a client's listeners are set when it is made
    mongo.ping()
    LISTENER.seen.clear()
    LISTENER.sent.clear()
    LISTENER.on = True
    yield LISTENER.seen
    LISTENER.on = False


@pytest.fixture
def drop_record() -> Callable[[], None]:
    """Returns a function that deletes the whole record, like a restored backup from before it."""

    def drop() -> None:
        with lawful_purge("A restored backup has none of it"):
            for model in (Mark, Amendment, RejectedReport, Register):
                model.objects.all()._raw_delete("default")

    return drop


@pytest.fixture
def mis(school: School) -> Api:
    return signed_in(ApiClientFactory.create(school=school, scopes="read timetable").user)


@pytest.fixture
def timetable(school: School) -> Group:
    """Returns a group with a student and a teacher, each with an id of the other system."""
    MembershipFactory.create(school=school, user__username="alice", external_id="t1", **MIS)
    StudentFactory.create(school=school, external_id="s1", **MIS)
    return GroupFactory.create(school=school, external_id="g1", **MIS)
