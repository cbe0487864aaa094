"""Code that the office's pages share."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from absences.web.lookup import user_of
from lessons.converters import IdConverter
from lessons.errors import FieldError, InvalidInput, NotAllowed, NotFound
from lessons.models import School, Student
from lessons.models.permissions import Access
from lessons.roles import Role

OFFICE_PAGES = (
    ("board", _("Board")),
    ("follow-up", _("Unexplained")),
    ("calls", _("First-day calls")),
    ("front-desk", _("Front desk")),
    ("planned", _("Planned absences")),
)
FOR_ALL = (("evacuation", _("Evacuation list")),)


def pages(access: Access) -> list[tuple[str, str]]:
    """Returns addresses and names of the pages that this user may open."""
    shown = OFFICE_PAGES + FOR_ALL if any(map(access.is_office, access.acting)) else FOR_ALL if people(access) else ()
    return [(reverse(name), str(title)) for name, title in shown]


def people(access: Access) -> list[School]:
    """Returns the schools in which this user is a person who may be in the building, not another system."""
    return [access.in_school(pk).school for pk in access.schools(Role.ADMIN, Role.OFFICE, Role.TEACHER)]


def offices(request: HttpRequest) -> list[School]:
    """Returns the schools in which this user is in the office. Raises NotAllowed if there are none."""
    access = user_of(request).access
    found = [access.acting[pk].school for pk in access.offices()]
    if not found:
        raise NotAllowed(gettext("This page is for the school’s office."))
    return found


def office_school(request: HttpRequest) -> School:
    """Returns the school in `?school=`, or the first. Raises NotAllowed, and NotFound for a school that is not this
    user's."""
    return asked_school(request, offices(request))


def asked_school(request: HttpRequest, schools: Sequence[School]) -> School:
    """Returns the one of these schools in `?school=`, or the first. Raises NotFound."""
    given = request.GET.get("school")
    if not given:
        return schools[0]
    wanted = chosen_id(given)
    found = next((school for school in schools if school.pk == wanted), None)
    if found is None:
        raise NotFound(gettext("There is no such school, or it is not yours."))
    return found


def office_facts(request: HttpRequest, school: School) -> dict[str, Any]:
    """Returns the context of every page of the office. `query` repeats the current query."""
    query = request.GET.copy()
    query.pop("next", None)
    return {**heading(request, school, offices(request)), "query": query.urlencode()}


def heading(request: HttpRequest, school: School, schools: Sequence[School]) -> dict[str, Any]:
    """Returns the context of `_office.html`: the school, the schools to choose from, and links to the other pages."""
    return {
        "school": school,
        "schools": schools if len(schools) > 1 else [],
        "here": f"?school={school.pk}" if len(schools) > 1 else "",
        "office_pages": pages(user_of(request).access),
    }


def back(request: HttpRequest, name: str, school: School, **more: str) -> HttpResponseRedirect:
    """Redirects to a page of the office with the query of this one."""
    query = request.GET.copy()
    query.pop("next", None)
    if len(offices(request)) > 1:
        query["school"] = str(school.pk)
    query.update({key: value for key, value in more.items() if value})
    return HttpResponseRedirect(f"{reverse(name)}?{query.urlencode()}".rstrip("?"))


def office_pupil(request: HttpRequest, student_id: int) -> Student:
    """Returns the student. Raises NotFound if this user may not see them, NotAllowed for roles other than the
    office."""
    user = user_of(request)
    found = Student.objects.for_user(user).select_related("school").filter(pk=student_id).first()
    if found is None:
        raise NotFound(gettext("There is no such student, or the student is not yours to see."))
    if not user.access.is_office(found.school_id):
        raise NotAllowed(gettext("This page is for the school’s office."))
    return found


def years(school: School) -> Iterable[int]:
    """Returns the year groups to choose from."""
    students = Student.objects.filter(school=school).order_by("year_group")
    return students.values_list("year_group", flat=True).distinct()


def asked_year(request: HttpRequest) -> int | None:
    """Returns the year group in `?year=`. Raises InvalidInput."""
    given = request.GET.get("year")
    if not given:
        return None
    if not re.fullmatch(r"-?[0-9]{1,2}", given):
        raise InvalidInput([FieldError("/year", "invalid", gettext("A year group is a number, such as 8."))])
    return int(given)


def chosen_id(given: str) -> int:
    """Returns an id from an address or a form. Raises NotFound."""
    try:
        return IdConverter.read(given)
    except ValueError:
        raise NotFound(gettext("There is no such id.")) from None
