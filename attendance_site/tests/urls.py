"""Every address of the product, from its URL patterns."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern


def patterns() -> Iterator[str]:
    """Yields each pattern as it is written, such as `lessons/<id:lesson>/`."""
    yield from _below(get_resolver(), "")


def _below(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for each in resolver.url_patterns:
        route = each.pattern._route if isinstance(each.pattern, RoutePattern) else each.pattern.regex.pattern  # type: ignore[attr-defined]
        if isinstance(each, URLPattern):
            yield prefix + route
        else:
            yield from _below(each, prefix + route)


def address(pattern: str, value: object = 1) -> str:
    """Returns an address for a pattern, with `value` for each parameter."""
    plain = re.sub(r"<[^>]+>", str(value), pattern)
    return "/" + re.sub(r"\(\?P[^)]*\)|[\\^$]|\(\?:|\)\??", "", plain)
