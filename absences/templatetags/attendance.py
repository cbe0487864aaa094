"""How pages say codes and rates."""

from django import template
from django.utils.translation import gettext as _

from lessons import codes

register = template.Library()


@register.filter
def icon(code: str | None) -> str:
    """The picture that goes with a code: a template under absences/icons/."""
    if not code:
        return "absences/icons/none.svg"
    if code in codes.ARRIVAL_CODES:
        return "absences/icons/late.svg"
    return "absences/icons/present.svg" if code in codes.PRESENT_CODES else "absences/icons/absent.svg"


@register.filter
def tone(code: str | None) -> str:
    """The class of style that goes with a code."""
    if not code:
        return "none"
    if code in codes.ARRIVAL_CODES:
        return "late"
    return "present" if code in codes.PRESENT_CODES else "absent"


@register.filter
def word(code: str | None) -> str:
    """A code in words, as a register says it."""
    words = {None: _("Not stated"), "/": _("Present"), "N": _("Absent"), "L": _("Late"), "U": _("Late, after closing")}
    return words[code] if code is None or code in words else codes.title(code)
