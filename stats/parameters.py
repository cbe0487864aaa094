"""The parameters of statistics, checked against the user: `?level=&school=&group=&from=&to=&basis=`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from lessons.api.fields import Id
from lessons.calendar import school_time
from lessons.errors import NotAllowed, NotFound
from lessons.models import Group, School, User

MAX_DAYS = 7 * 366
LEVELS = ("group", "school")
FORMATS = ("json", "csv")

# Outside these, the school year would go beyond the dates that Python can hold.
DAYS = (MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2999, 12, 31)))


@dataclass(frozen=True)
class Question:
    """A checked query. `schools` and `groups` are those that the user may see and asked for; `groups` is None for whole
    schools."""

    level: str
    first: date
    last: date
    schools: Mapping[int, School]
    groups: Mapping[int, Group] | None


class Parameters(serializers.Serializer[Any]):
    """The parameters; unknown ones are ignored."""

    level = serializers.ChoiceField(LEVELS, required=False)
    basis = serializers.ChoiceField(("lesson",), required=False)
    format = serializers.ChoiceField(FORMATS, required=False)
    school = Id(required=False)
    group = Id(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        ends = {name: serializers.DateField(required=False, validators=DAYS) for name in ("from", "to")}
        return {**super().get_fields(), **ends}


def read(user: User, query: Mapping[str, Any], now: datetime) -> Question:
    """Returns the query as a Question. Raises DRF's ValidationError, NotAllowed (an operator who asks for groups) or
    NotFound (a school or group that the user may not see)."""
    parameters = Parameters(data={name: value for name, value in query.items() if value != ""})
    parameters.is_valid(raise_exception=True)
    given = parameters.validated_data
    level = given.get("level", levels(user)[0])
    if level not in levels(user) or (_is_national(user) and "group" in given):
        raise NotAllowed(gettext("Operators see schools, never a group."))
    chosen = _schools(user, given.get("school"))
    first, last = _days(given, chosen, now)
    return Question(level, first, last, chosen, _groups(user, given, chosen, level))


def levels(user: User) -> tuple[str, ...]:
    """Returns the levels that the user may ask for, the default first."""
    return ("school",) if _is_national(user) else LEVELS


def schools(user: User) -> QuerySet[School]:
    """Returns the schools whose figures the user may see."""
    return School.objects.all() if _is_national(user) else School.objects.for_user(user)


def _is_national(user: User) -> bool:
    return user.access.is_operator and not user.access.acting


def _schools(user: User, wanted: int | None) -> dict[int, School]:
    seen = schools(user)
    found = {school.pk: school for school in (seen.filter(pk=wanted) if wanted else seen)}
    if wanted and not found:
        raise NotFound(gettext("There is no such school."))
    return found


def _days(given: Mapping[str, Any], schools: Mapping[int, School], now: datetime) -> tuple[date, date]:
    zone = next((school.time_zone for school in schools.values()), "Europe/London")
    year = school_time.school_year(given.get("from") or given.get("to") or school_time.local_date(zone, now))
    start, end = school_time.school_year_dates(year)
    first, last = given.get("from", start), given.get("to", end)
    if first > last:
        raise serializers.ValidationError({"from": [_("The first day comes after the last.")]})
    if (last - first).days > MAX_DAYS:
        raise serializers.ValidationError({"from": [_("Ask for at most seven years.")]})
    return first, last


def _groups(user: User, given: Mapping[str, Any], schools: Mapping[int, School], level: str) -> dict[int, Group] | None:
    """Returns the groups that were asked for, or None for whole schools."""
    whole = _is_national(user) or set(schools) <= set(user.access.whole_schools())
    if level == "school" and whole and "group" not in given:
        return None
    groups = Group.objects.for_user(user).filter(school__in=schools)
    found = {group.pk: group for group in (groups.filter(pk=given["group"]) if "group" in given else groups)}
    if "group" in given and not found:
        raise NotFound(gettext("There is no such group."))
    return found
