"""A school's admin learns nothing from the admin about people in other schools."""

import re
from typing import Any

import pytest
from django.contrib import admin as admins
from django.db.models import UniqueConstraint
from django.test import Client, RequestFactory

from lessons.factories import MembershipFactory, SchoolFactory, UserFactory, person
from lessons.models import Membership, Role, School, User

pytestmark = pytest.mark.django_db

NO_INLINES = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}


@pytest.fixture
def school() -> School:
    return SchoolFactory.create()


@pytest.fixture
def ada(school: School) -> User:
    return person(school, Role.ADMIN, "ada", is_staff=True)


@pytest.fixture
def admin(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def add(admin: Client, school: School, username: str, **fields: Any) -> Any:
    form = {"username": username, "name": "Carol Lee", "usable_password": "false"}
    form |= {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0"}
    form |= {"memberships-0-school": str(school.pk), "memberships-0-role": "teacher"}
    return admin.post("/admin/lessons/user/add/", form | fields, follow=True)


def rename(admin: Client, user: User, username: str) -> Any:
    form = {"username": username, "name": user.name, "email": user.email, "is_active": "on"}
    return admin.post(f"/admin/lessons/user/{user.pk}/change/", form | NO_INLINES, follow=True)


def told(answer: Any, *names: str) -> tuple[object, ...]:
    """Returns everything in an answer except the name itself, random parts and numbers (ids, times, lengths)."""
    text = re.sub(r'(csrfmiddlewaretoken" value=)"\w+"', "", answer.content.decode())
    for name in names:
        text = text.replace(name, "NAME")
    steps = [(re.sub(r"\d+", "N", url), status) for url, status in answer.redirect_chain]
    return answer.status_code, steps, sorted(answer.headers), re.sub(r"\d+", "N", text)


@pytest.mark.parametrize("act", ["add", "rename"])
@pytest.mark.parametrize("given", ["{name}", "{name}@{own}", "{name}@{foreign}", "{name} "])
def test_a_name_that_exists_elsewhere_is_answered_as_one_that_does_not(
    given: str, act: str, admin: Client, school: School
) -> None:
    """Whatever was typed, and whatever the other user is called."""
    foreign = SchoolFactory.create()
    for each in ("dora", f"dora@{school.urn}", f"dora@{foreign.urn}"):
        person(foreign, Role.TEACHER, each)
    answers = []
    for name in ("dora", "fred"):
        typed = given.format(name=name, own=school.urn, foreign=foreign.urn)
        if act == "add":
            answer = add(admin, school, typed)
        else:
            user = person(school, Role.TEACHER, f"before-{name}", name="Carol Lee", email="")
            answer = rename(admin, user, typed)
            user.delete()
        answers.append(told(answer, f"before-{name}", f"{name}2@", f"{name}@", name))
        User.objects.filter(name="Carol Lee").delete()
    assert answers[0] == answers[1]
    assert answers[0][0] == 200 and "NAME" in str(answers[0][3])


def test_the_comparison_sees_what_used_to_tell(client: Client, school: School) -> None:
    """A superuser is told that a name is taken."""
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    person(SchoolFactory.create(), Role.TEACHER, "dora")
    answers = [add(client, school, name) for name in ("dora", "fred")]
    assert told(answers[0], "dora") != told(answers[1], "fred")
    assert "This user name is taken." in answers[0].content.decode()
    assert User.objects.filter(username="fred").exists(), "and may give any name"


def test_a_new_name_ends_in_the_schools_number(admin: Client, school: School) -> None:
    assert f"is added: ada.lee@{school.urn}." in admin.get("/admin/lessons/user/add/").content.decode()
    answer = add(admin, school, " Carol.LEE ")
    carol = User.objects.get(name="Carol Lee")
    assert carol.username == f"carol.lee@{school.urn}"
    assert f"Carol Lee signs in as carol.lee@{school.urn}." in answer.content.decode()


def test_it_is_for_the_admin_of_two_schools_to_say_whose(admin: Client, ada: User, school: School) -> None:
    second, foreign = SchoolFactory.create(), SchoolFactory.create()
    MembershipFactory.create(user=ada, role=Role.ADMIN, school=second)
    form = admin.get("/admin/lessons/user/add/").content.decode()
    assert "The number of the school you choose is added." in form and "ada.lee@" not in form
    assert "This field is required" in add(admin, second, "carol").content.decode()
    assert "not one of the available choices" in add(admin, second, "carol", home=foreign.pk).content.decode()
    add(admin, second, "carol", home=second.pk)
    assert User.objects.get(name="Carol Lee").username == f"carol@{second.urn}"


@pytest.mark.parametrize("typed", ["bob", "bob@{own}", "BOB"])
@pytest.mark.parametrize("stored", ["bob", "bob@{own}"])
def test_a_name_of_the_own_school_is_taken(typed: str, stored: str, admin: Client, school: School) -> None:
    person(school, Role.TEACHER, stored.format(own=school.urn))
    answer = add(admin, school, typed.format(own=school.urn))
    assert "This user name is taken." in answer.content.decode()
    assert not User.objects.filter(name="Carol Lee").exists()


@pytest.mark.parametrize("typed", ["carol@example.org", "carol@999999", "@", "ca rol", ""])
def test_a_name_has_no_other_ending(typed: str, admin: Client, school: School) -> None:
    assert add(admin, school, typed).redirect_chain == []
    assert not User.objects.filter(name="Carol Lee").exists()


def test_a_name_given_before_stays(admin: Client, school: School) -> None:
    bob = person(school, Role.TEACHER, "bob", name="Bob")
    for typed, is_ in (("bob", "bob"), (" BOB", "bob"), ("rob", f"rob@{school.urn}"), ("rob", f"rob@{school.urn}")):
        rename(admin, bob, typed)
        bob.refresh_from_db()
        assert bob.username == is_


def test_a_person_elsewhere_is_chosen_no_more_than_one_who_is_not(admin: Client, school: School) -> None:
    stranger = MembershipFactory.create().user
    answers = []
    for pk in (stranger.pk, 10**9):
        form = {"user": pk, "school": school.pk, "role": "teacher"}
        answers.append(told(admin.post("/admin/lessons/membership/add/", form, follow=True)))
        query = {"app_label": "lessons", "model_name": "membership", "field_name": "user", "term": stranger.username}
        assert admin.get("/admin/autocomplete/", query).json()["results"] == []
    assert answers[0] == answers[1] and not Membership.objects.filter(user=stranger, school=school).exists()


def test_nobody_shares_an_address_by_being_refused_it(admin: Client, school: School) -> None:
    """E-mail addresses are not unique: a person may be known in two schools."""
    UserFactory.create(email="carol@example.org")
    add(admin, school, "carol", email="carol@example.org")
    assert User.objects.filter(email="carol@example.org").count() == 2


def test_whatever_else_is_unique_is_so_within_a_school(rf: RequestFactory, ada: User) -> None:
    """Otherwise a school's admin could find out about rows elsewhere, or could not write the row: this covers new
    tables and constraints too."""
    request, within = rf.get("/"), {"school", "register", "lesson", "student", "user"}
    request.user = ada
    walked = 0
    for model, pages in admins.site._registry.items():
        if not pages.has_add_permission(request) and not pages.has_change_permission(request):
            continue
        asked = set(pages.get_form(request).base_fields) - set(pages.get_readonly_fields(request, None))
        single = [[field.name] for field in model._meta.fields if field.unique and not field.primary_key]
        several = [each for each in model._meta.constraints if isinstance(each, UniqueConstraint)]
        for fields in [*single, *(list(each.fields) for each in several)]:
            walked += 1
            if model is not User:
                assert within & set(fields) or not asked & set(fields), (model, fields)
    assert walked > 15
