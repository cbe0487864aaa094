"""Addresses that a user's own device requests, to take registers offline."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from absences.taking import day_pack, register_html, script
from absences.web.lookup import user_of
from lessons.accounts.sessions import clear_browser, in_background, sid_of
from lessons.errors import NotFound

SCRIPTS = (
    "attendance.js",
    "shell.js",
    "today.js",
    "device.js",
    "leaving.js",
    "refusing.js",
    "find.js",
    "search.js",
)
FILES = (*SCRIPTS, "attendance.css", "pages.css", "today.css", "office.css", "evacuation.css", "icon.svg")
SHELLS = ("register", "today")


@require_safe
@in_background
def session(request: HttpRequest) -> HttpResponse:
    """Returns the signed-in user, for a script that was waiting: {user, csrf}. 401 means that nobody is signed in and
    nothing with a name may be kept. A browser whose sign-in has ended is told once to clear its cache; then Django
    drops the cookie."""
    if not request.user.is_authenticated:
        nobody = JsonResponse({"detail": _("Nobody is signed in.")}, status=401)
        return clear_browser(nobody) if settings.SESSION_COOKIE_NAME in request.COOKIES else nobody
    return JsonResponse({"user": request.user.pk, "csrf": get_token(request)})


@require_safe
@in_background
def pack(request: HttpRequest) -> HttpResponse:
    """Returns the day pack with tickets. 401 instead of the sign-in page, which a script cannot use."""
    if not request.user.is_authenticated:
        return session(request)
    user, now = user_of(request), timezone.now()
    schools = [acting.school for acting in user.access.acting.values()]
    if not schools:
        raise NotFound(_("You have no role in a school."))
    shell = {"version": version(), "urls": kept()}
    found = day_pack.of(user, schools, now, sid=sid_of(request), shell=shell)
    same = request.headers.get("If-None-Match") == found.etag
    answer = HttpResponseNotModified() if same else JsonResponse(found.sent(now))
    answer["ETag"] = found.etag
    patch_vary_headers(answer, ("Cookie",))
    return answer


@require_safe
@login_required
def shell(request: HttpRequest, name: str) -> HttpResponse:
    """Returns a page without its contents, which a script fills from the day pack."""
    facts = {"user": user_of(request).pk, "shell": version()}
    return render(request, f"absences/shell_{name}.html", _context(name, facts, get_token(request)))


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Serves the worker at the root, because it controls only addresses below its own."""
    return HttpResponse(_source(), content_type="text/javascript; charset=utf-8")


@cache
def _source() -> str:
    return (Path(__file__).parents[1] / "static/absences/service-worker.js").read_text()


@cache
def version() -> str:
    """Returns a hash of everything that a device keeps to show offline."""
    shells = [render_to_string(f"absences/shell_{name}.html", _context(name, {}, "")) for name in SHELLS]
    return hashlib.sha256("".join([*shells, *kept()]).encode()).hexdigest()[:16]


def kept() -> list[str]:
    """Returns the addresses that a device keeps besides the pack."""
    return [*(f"/shell/{name}" for name in SHELLS), *(static(f"absences/{name}") for name in FILES)]


def _context(name: str, facts: Mapping[str, Any], csrf_token: str) -> dict[str, Any]:
    if name == "today":
        return {"facts": facts, "words": script.script(script.words_of_today)}
    words = script.script(script.words_of_device)
    return {
        "taking": register_html.taking((), facts=facts, words=words, csrf_token=csrf_token),
        "pupil": register_html.nobody(),
    }
