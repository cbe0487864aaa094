"""The product on a real gunicorn, with a school to take registers in. It shares this process's stores."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from http.client import HTTPConnection
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from dev.processes import LOOPBACK, until
from drills.stores import Server, free_port
from lessons.accounts import revoking
from lessons.factories import EnrolmentFactory, GroupFactory, LessonFactory, SchoolFactory, StudentFactory, person
from lessons.hashers import Argon2PasswordHasher
from lessons.models import Lesson, Role, School, Student, User

# Playwright runs an event loop in this thread, so Django takes it for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PASSWORD = "a slow walk home"


@dataclass
class Product:
    server: Server
    url: str

    def answers(self) -> bool:
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def start(self) -> None:
        self.server.start()
        assert until(self.answers, 30), f"the product does not answer; see {self.server.log}"


@contextmanager
def running(folder: Path) -> Iterator[Product]:
    """Sets up Django; the stores are empty or left from an earlier run."""
    call_command("migrate", verbosity=0)
    call_command("mongo_setup", verbosity=0)
    if not staticfiles_storage.exists("staticfiles.json"):
        call_command("collectstatic", verbosity=0, interactive=False)
    os.environ["MONGODB_DATABASE"] = settings.MONGODB_DATABASE
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "attendance_site/gunicorn_conf.py"]
    server = Server([*command, "--bind", f"{LOOPBACK}:{port}"], folder / "server.log")
    product = Product(server, f"http://localhost:{port}")
    product.start()
    try:
        yield product
    finally:
        server.kill()


@dataclass(frozen=True)
class Place:
    """A school with a class of thirty, a teacher, a colleague and an office user."""

    school: School
    teacher: User
    colleague: User
    office: User
    students: list[Student]

    def lesson(self, **fields: object) -> Lesson:
        """Returns a lesson of the whole class that began ten minutes ago."""
        zone = ZoneInfo(self.school.time_zone)
        now = timezone.now().astimezone(zone)
        begun = max(now - timedelta(minutes=10), datetime.combine(now, time.min, zone))
        ends = min(begun + timedelta(minutes=50), datetime.combine(now, time(23, 59), zone))
        group = GroupFactory.create(school=self.school)
        for student in self.students:
            EnrolmentFactory.create(school=self.school, group=group, student=student)
        given = {"date": now.date(), "start_time": begun.time(), "end_time": ends.time(), "taught_by": self.teacher}
        return LessonFactory.create(group=group, **(given | fields))


def place(size: int = 30) -> Place:
    school = SchoolFactory.create()
    names = {role: f"{role}-{school.pk}" for role in ("alice", "bob", "olive")}
    found = Place(
        school,
        person(school, Role.TEACHER, names["alice"], name="Alice Lee"),
        person(school, Role.TEACHER, names["bob"], name="Bob Nowak"),
        person(school, Role.OFFICE, names["olive"], name="Olive Grant"),
        StudentFactory.create_batch(size, school=school),
    )
    for user in (found.teacher, found.colleague, found.office):
        user.password = Argon2PasswordHasher().encode(PASSWORD, "salt" * 4)
        user.save(update_fields=["password"])
    revoking.tell()  # as the reconciler would; otherwise the next change to be published ends their tickets
    return found


def cookie_of(user: User, *, own: bool = False) -> tuple[str, str]:
    """Returns the name and value of a session cookie for a user, on a shared machine or on their own device."""
    client = Client()
    client.force_login(user)
    if own:
        client.post("/accounts/sessions/own", {"own": "yes"})
    name = settings.SESSION_COOKIE_NAME
    return name, client.cookies[name].value
