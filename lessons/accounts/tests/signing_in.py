"""Helpers for tests that sign in from a browser or a program."""

from typing import Any

from django.conf import settings
from django.test import Client

from lessons.factories import person
from lessons.models import Role, School, User

PASSWORD, SCHOOLS, HOME = "correct horse battery", "198.51.100.7", "203.0.113.9"


def page(client: Client, password: str = PASSWORD, *, name: str = "alice", at: str = SCHOOLS) -> int:
    """Tries to sign in; returns 302 if signed in, 200 if the password is wrong, 429 if the try is refused."""
    client.cookies.pop("sessionid", None)  # signed out, on the same device
    form = {"username": name, "password": password}
    return client.post("/accounts/login/", form, REMOTE_ADDR=at).status_code


def api(password: str = PASSWORD, *, name: str = "alice", at: str = SCHOOLS, **more: str) -> Any:
    body = {"username": name, "password": password}
    return Client().post("/api/v1/token", more or body, content_type="application/json", REMOTE_ADDR=at)


def colleague(school: School, name: str = "bob") -> User:
    user = person(school, Role.TEACHER, name)
    user.set_password(PASSWORD)
    user.save()
    return user


def device(client: Client) -> str:
    return client.cookies[settings.DEVICE_COOKIE_NAME].value


def on(cookie: str) -> Client:
    """Returns another browser with a copy of a device cookie."""
    client = Client()
    client.cookies[settings.DEVICE_COOKIE_NAME] = cookie
    return client


def guesses(client: Client, **where: str) -> int:
    """Returns how many guesses are checked until one is refused."""
    tried = 0
    while (status := page(client, "guess", **where)) == 200:
        tried += 1
    assert status == 429
    return tried
