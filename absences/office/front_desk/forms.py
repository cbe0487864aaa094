"""The form for signing a pupil in or out."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from lessons.model_forms import ModelForm
from lessons.models import DeskEntry


class SignOutForm(ModelForm):
    class Meta:
        model = DeskEntry
        fields = ("note",)
        error_messages = {"note": {"required": _("Say why, and with whom: “dentist, with her father”.")}}  # noqa: RUF012

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = True


class SignInForm(ModelForm):
    class Meta:
        model = DeskEntry
        fields = ("note",)
