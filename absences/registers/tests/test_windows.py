"""How long each role may amend, by the school's settings, in the API and on pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from absences.registers import completion
from absences.tests.api import due_today, signed_in
from absences.tests.pages import browser
from lessons.factories import ApiClientFactory, person
from lessons.models import Amendment, Lesson, Role, School, User

pytestmark = pytest.mark.django_db(transaction=True)

NO, SETTINGS = 403, {"amendment_window": 0, "office_amendment_window": None}


@pytest.fixture
def taken(school: School, teacher: User) -> Lesson:
    """Today's register."""
    lesson = due_today(school, teacher, students=1)
    completion.complete(teacher, lesson.pk, now=timezone.now())
    return lesson


@pytest.fixture
def users(school: School, teacher: User, colleague: User, office: User, integrator: User) -> dict[str, User]:
    admin = person(school, Role.ADMIN, "ada", name="Ada Khan")
    people = {"teacher": teacher, "colleague": colleague, "office": office, "admin": admin, "integrator": integrator}
    return people | {
        "reading client": ApiClientFactory.create(school=school, scopes="read complete").user,
        "amending client": ApiClientFactory.create(school=school, scopes="read complete amend").user,
    }


@pytest.mark.parametrize(
    ("who", "settings", "days_ago", "status"),
    [
        ("teacher", {}, 0, 201),
        ("teacher", {}, 1, NO),
        ("teacher", {"amendment_window": 2}, 2, 201),
        ("teacher", {"amendment_window": 2}, 3, NO),
        ("teacher", {"office_amendment_window": 9}, 1, NO),
        ("colleague", {}, 0, NO),
        ("colleague", {"amendment_window": 2}, 1, 404),
        ("office", {}, 400, 201),
        ("office", {"office_amendment_window": 5}, 5, 201),
        ("office", {"office_amendment_window": 5}, 6, NO),
        ("office", {"office_amendment_window": 0, "amendment_window": 9}, 1, NO),
        ("admin", {"office_amendment_window": 0}, 400, 201),
        ("integrator", {}, 0, NO),
        ("reading client", {}, 0, NO),
        ("amending client", {}, 400, 201),
        ("amending client", {"office_amendment_window": 1}, 1, 201),
        ("amending client", {"office_amendment_window": 1}, 2, NO),
    ],
)
def test_windows(
    who: str, settings: dict[str, Any], days_ago: int, status: int, users: dict[str, User], taken: Lesson
) -> None:
    School.objects.update(**SETTINGS | settings)
    Lesson.objects.update(date=taken.date - timedelta(days=days_ago))
    user, allowed = User.objects.get(pk=users[who].pk), status == 201
    [student] = taken.group.enrolments.values_list("student", flat=True)
    page, api, web = f"/lessons/{taken.pk}/", signed_in(user), browser(user)
    has_pages = user.access.is_person
    corrects = allowed and has_pages
    shown = web.get(page)
    assert (b"/amend/" in shown.content, b"/void" in shown.content) == (corrects, corrects)
    on_page, done = (200, 302) if corrects else (status, status) if has_pages else (403, 403)
    for rest in (f"amend/{student}", "void", "give-again"):
        assert web.get(f"{page}{rest}").status_code == on_page
    change = {"student_id": student, "code": "N", "reason": "Not there"}
    assert api.post(f"/api/v1{page}register/amendments", change).status_code == status
    answer = web.post(f"{page}amend/{student}", {"expected": "N", "code": "/", "choice": "Marked by mistake"})
    assert answer.status_code == done
    assert api.post(f"/api/v1{page}register/void", {"reason": "Wrong class"}).status_code == status
    answer = web.post(f"{page}give-again", {f"mark-{student}": "N", "choice": "Marked by mistake"})
    assert answer.status_code == done
    assert Amendment.objects.count() == (4 if corrects else 2 if allowed else 0)
