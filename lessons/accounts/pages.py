"""Pages for signing in, for the password, and for a user's sign-ins."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from lessons.accounts import known_browsers, revoking, sessions, sign_in
from lessons.errors import NotFound, TooMany, UnknownBrowser
from lessons.models import BrowserSession, User


class SignInForm(AuthenticationForm):
    """The sign-in form. `limited` is the number of seconds until the next try."""

    own = forms.BooleanField(required=False)
    limited: TooMany | None = None

    def clean(self) -> dict[str, Any]:
        if not {"username", "password"} <= self.cleaned_data.keys() or self.request is None:
            return super().clean()
        try:
            attempt = sign_in.admit(self.request, self.cleaned_data["username"])
        except TooMany as error:
            self.limited = error
            raise ValidationError(error.detail, code="limited") from error
        data = super().clean()
        attempt.succeeded()
        return data

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if not user.access.is_person:
            raise ValidationError(_("This account is another system’s: it uses the API."), code="system")

    @property
    def unknown_browser(self) -> bool:
        return isinstance(self.limited, UnknownBrowser)

    @property
    def of_system(self) -> bool:
        return self.has_error("__all__", "system")


class SignIn(views.LoginView):
    form_class = SignInForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Signs in by name and password even if another user is signed in here: a colleague must not take registers in
        the previous user's name."""
        self.redirect_authenticated_user = request.method != "POST"
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"idle": sessions.idle_minutes()}

    def form_valid(self, form: Any) -> HttpResponse:
        former = self.request.user
        replaced = former != form.get_user() if former.is_authenticated else sessions.end_presented(self.request)
        response, now = super().form_valid(form), timezone.now()
        sessions.begin(self.request, now, own=form.cleaned_data["own"])
        known_browsers.remember(self.request, response, form.get_user(), now)
        if replaced:
            revoking.tell_promptly()
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.limited:
            response.status_code = 429
            response["Retry-After"] = str(form.limited.retry_after)
        return response


class SignOut(views.LogoutView):
    """Signs out. The form's script says whether marks wait to be sent; a form without a script clears no storage."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        nothing_waits = request.POST.get("waits") == "nothing"
        sessions.end_presented(request)
        response: Any = super().post(request, *args, **kwargs)
        revoking.tell_promptly()
        return sessions.clear_browser(response, nothing_waits=nothing_waits)


@require_GET
@login_required
def signed_in(request: HttpRequest) -> HttpResponse:
    """Lists the devices on which the user is signed in, and how many other systems use their account."""
    user, now = cast(User, request.user), timezone.now()
    shown = {
        "here": sessions.sid_of(request),
        "sessions": sessions.open_sessions(user, now),
        "idle": sessions.idle_minutes(),
        "tokens": user.refresh_tokens.filter(expires_at__gt=now).count(),
    }
    return render(request, "accounts/sessions.html", shown)


@require_POST
@login_required
def end_session(request: HttpRequest, sid: str) -> HttpResponse:
    """Signs the user out on another device."""
    ended, _rows = BrowserSession.objects.filter(user=cast(User, request.user), sid=sid).delete()
    if not ended:
        raise NotFound(str(_("This device is signed out already.")))
    revoking.tell_promptly()
    messages.success(request, _("That device is signed out."))
    return redirect("sessions")


@require_POST
@login_required
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    sessions.end_others(cast(User, request.user), sessions.sid_of(request))
    revoking.tell_promptly()
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("sessions")


@require_POST
@login_required
def set_own(request: HttpRequest) -> HttpResponse:
    """Sets whether this device is the user's own, for the script of today's page."""
    sessions.set_own(request, request.POST.get("own") == "yes", timezone.now())
    return HttpResponse(status=204)


class ChangePasswordForm(PasswordChangeForm):
    """Counts wrong old passwords as tries to sign in, so that they cannot be guessed at an unattended desk either."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        try:
            attempt = sign_in.admit(self.request, self.user.username)
        except TooMany as error:
            raise ValidationError(error.detail, code="limited") from error
        old: str = super().clean_old_password()
        attempt.succeeded()
        return old


class ChangePassword(views.PasswordChangeView):
    form_class = ChangePasswordForm
    template_name = "accounts/password.html"
    success_url = "/accounts/sessions/"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: Any) -> HttpResponse:
        """Ends everything else that was signed in with the old password; this browser stays known."""
        response = super().form_valid(form)
        user = form.user
        sessions.end_others(user, sessions.sid_of(self.request))
        revoking.tell_promptly()
        known_browsers.remember(self.request, response, user, timezone.now())
        messages.success(self.request, _("Your password is changed, and you are signed out everywhere else."))
        return response
