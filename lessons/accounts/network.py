"""The network that a request comes from."""

import re
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "unknown"
WITH_PORT = re.compile(r"(?:\[(?P<v6>.+)\]|(?P<v4>[0-9.]+))(?::[0-9]+)?")  # some proxies add the port


def network(request: HttpRequest) -> str:
    """Returns the client's address; of IPv6 the first half, which belongs to one household or school.

    X-Forwarded-For is trusted only as far as our own TRUSTED_PROXIES have written it: anybody can send the rest.
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
