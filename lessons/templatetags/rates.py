"""Formatting rates on pages."""

from django import template

register = template.Library()


@register.filter
def percent(rate: float | None) -> str:
    """Formats a rate from 0 to 1 as a percentage; a dash if nothing was possible."""
    return "–" if rate is None else f"{100 * rate:.1f} %"
