"""The forms for amending and voiding."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from absences.registers.amendments import Change
from lessons import codes
from lessons.codes import Code
from lessons.models import Student

MAX_REASON = 500


class ReasonForm(forms.Form):
    """The reason: one of the school's, free text, or both; at least one is required."""

    choice = forms.ChoiceField(label=_("Reason"), required=False)
    reason = forms.CharField(
        label=_("More about it"),
        required=False,
        max_length=MAX_REASON,
        help_text=_("Needed only where no reason of the list fits."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, reasons: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Choose a reason")), *((reason, reason) for reason in reasons)]
        self.fields["choice"] = forms.ChoiceField(label=_("Reason"), required=False, choices=choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors.keys() & {"choice", "reason"}:
            cleaned["why"] = self._why(cleaned.get("choice", ""), cleaned.get("reason", ""))
        return cleaned

    def _why(self, choice: str, more: str) -> str:
        why = f"{choice}: {more}" if choice and more else choice or more
        if not why:
            self.add_error("choice", _("Choose a reason, or say in your own words why."))
        if len(why) > MAX_REASON:
            text = _("A reason has at most %(most)s characters, with what was chosen.")
            self.add_error("reason", ValidationError(text, params={"most": MAX_REASON}))
        return why


class AmendForm(ReasonForm):
    """One student's amendment. `expected` is the code that the page showed, empty for unmarked, so that a change made
    meanwhile is not overwritten."""

    expected = forms.CharField(required=False, max_length=2, widget=forms.HiddenInput)
    code = forms.ChoiceField(label=_("New mark"))
    minutes_late = forms.IntegerField(
        label=_("Minutes late"), required=False, min_value=0, max_value=codes.MAX_MINUTES_LATE
    )

    def __init__(self, *args: Any, allowed: Sequence[Code], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Choose a mark")), *((code.code, f"{code.code}  {code.title}") for code in allowed)]
        self.fields["code"] = forms.ChoiceField(label=_("New mark"), choices=choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("minutes_late") is not None and cleaned.get("code") not in codes.ARRIVAL_CODES:
            self.add_error("minutes_late", _("Minutes late go with the codes L and U only."))
        return cleaned

    def change(self, student: Student) -> Change:
        cleaned = self.cleaned_data
        return Change(
            student_id=student.pk,
            code=cleaned["code"],
            reason=cleaned["why"],
            minutes_late=cleaned["minutes_late"],
            expected_code=cleaned["expected"],
        )
