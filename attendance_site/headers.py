"""What every answer says to browsers and to what lies between, beside what Django's own middleware says."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Nothing of this is used; a page that was broken into must not start.
UNUSED = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation"),
    *("gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking"),
)
PERMISSIONS = ", ".join(f"{feature}=()" for feature in UNUSED)


class Headers:
    """`Cache-Control: no-store` on everything that does not say otherwise: what may be kept says so (static files,
    public keys), so that no new view leaves a class in a cache."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
