"""Signing in to the pages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import views
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from lessons import signin
from lessons.access import Role
from lessons.errors import TooMany
from lessons.models import User


class SignInForm(AuthenticationForm):
    """`limited` says for how long nothing is tried any more."""

    limited: TooMany | None = None

    def clean(self) -> dict[str, Any]:
        if not {"username", "password"} <= self.cleaned_data.keys() or self.request is None:
            return super().clean()
        try:
            attempt = signin.admit(self.request, self.cleaned_data["username"])
        except TooMany as error:
            self.limited = error
            raise ValidationError(error.detail, code="limited") from error
        data = super().clean()
        attempt.succeeded()
        return data

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if not may_use_pages(user):
            raise ValidationError(_("This account is another system’s: it uses the API."), code="system")

    @property
    def minutes(self) -> int:
        """To wait, rounded up."""
        return -(-self.limited.retry_after // 60) if self.limited else 0

    @property
    def of_system(self) -> bool:
        return self.has_error("__all__", "system")


class SignIn(views.LoginView):
    form_class = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        signin.remember(self.request, response, form.get_user())
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.limited:
            response.status_code = 429
            response["Retry-After"] = str(form.limited.retry_after)
        return response


def may_use_pages(user: User) -> bool:
    """Pages are for people: not for an account that is another system's and nothing else."""
    roles = {role for acting in user.access.acting.values() for role in acting.roles}
    return user.is_superuser or user.access.is_operator or roles != {Role.INTEGRATOR}
