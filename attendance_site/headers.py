"""Headers that every response carries, in addition to those of Django's own middleware."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# None of these features is used, so an injected script cannot start one.
UNUSED = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation"),
    *("gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking"),
)
PERMISSIONS = ", ".join(f"{feature}=()" for feature in UNUSED)


class Headers:
    """Sets `Cache-Control: no-store` unless the response says otherwise, so that a new view cannot leave a class list
    in a cache. Responses that may be cached (static files, public keys) say so themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
