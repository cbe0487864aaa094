"""From where a request comes."""

import re
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "unknown"
WITH_PORT = re.compile(r"(?:\[(?P<v6>.+)\]|(?P<v4>[0-9.]+))(?::[0-9]+)?")  # some proxies say the port too


def network(request: HttpRequest) -> str:
    """The client's address, of IPv6 the first half, which one household or school has for itself.

    X-Forwarded-For is believed as far as TRUSTED_PROXIES proxies of ours have written it: anybody may send the rest.
    """
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    trusted = settings.TRUSTED_PROXIES
    said = forwarded[-trusted] if 0 < trusted <= len(forwarded) else request.META.get("REMOTE_ADDR", "")
    if found := WITH_PORT.fullmatch(said):
        said = found["v6"] or found["v4"]
    try:
        address = ip_address(said)
    except ValueError:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)
