"""Words, colours and icons for codes and year groups."""

from collections.abc import Mapping

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lessons import codes
from lessons.codes import Kind
from lessons.models import Amendment, PlannedAbsence, Student, User

register = template.Library()

WORDS: Mapping[str | None, Promise] = {
    None: gettext_lazy("Not stated"),
    "/": gettext_lazy("Present"),
    "N": gettext_lazy("Absent"),
    "L": gettext_lazy("Late"),
    "U": gettext_lazy("Late, after closing"),
}


@register.filter
def tone(code: str | None) -> str:
    """Returns the CSS class of a code: present, absent, late, elsewhere or none."""
    if code in codes.ARRIVAL_CODES:
        return "late"
    if code in codes.PRESENT_CODES:
        return "present"
    kind = next((known.codes[code].kind for known in reversed(codes.CODE_SETS) if code and code in known.codes), None)
    if kind is Kind.APPROVED:
        return "elsewhere"
    return "absent" if kind in (Kind.AUTHORISED, Kind.UNAUTHORISED) else "none"


@register.filter
def icon(code: str | None) -> str:
    """Returns the icon of a code: a template under absences/icons/."""
    return f"absences/icons/{tone(code)}.svg"


@register.filter
def word(code: str | None) -> str:
    """Returns a code in words, as a register shows it."""
    return str(WORDS[code]) if code is None or code in WORDS else codes.title(code)


@register.filter
def reason_for(row: PlannedAbsence | Amendment, user: User) -> str:
    """Returns the reason in the author's words, if the user may read it."""
    return user.access.reason_of(row)


@register.filter
def upn_for(student: Student, user: User) -> str:
    """Returns the UPN, if the user may read it."""
    return user.access.upn_of(student)


@register.filter
def year_group(number: int) -> str:
    """Returns a name such as Year 8; the two years before Year 1 have names of their own."""
    if number <= 0:
        return _("Reception") if number == 0 else _("Nursery")
    return _("Year %(number)s") % {"number": number}
