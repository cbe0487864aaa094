"""How pages say rates."""

from django import template

register = template.Library()


@register.filter
def percent(rate: float | None) -> str:
    """A rate from 0 to 1 as a person reads it; a dash where nothing was possible."""
    return "–" if rate is None else f"{100 * rate:.1f} %"
