"""Corrections and withdrawals as plain forms."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from absences.amendments import Change
from lessons import codes
from lessons.codes import Code
from lessons.models import Student


class VoidForm(forms.Form):
    reason = forms.CharField(label=_("Why is this register withdrawn?"), max_length=500)


class AmendForm(forms.Form):
    """One student's correction. `expected` is the code that the page showed, so that a change made meanwhile is not
    overwritten; empty for unstated."""

    expected = forms.CharField(required=False, max_length=2, widget=forms.HiddenInput)
    code = forms.ChoiceField(label=_("New mark"))
    minutes_late = forms.IntegerField(
        label=_("Minutes late"), required=False, min_value=0, max_value=codes.MAX_MINUTES_LATE
    )
    reason = forms.CharField(label=_("Reason"), max_length=500)

    def __init__(self, *args: Any, allowed: list[Code], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Choose a mark")), *((code.code, f"{code.code}  {code.title}") for code in allowed)]
        self.fields["code"] = forms.ChoiceField(label=_("New mark"), choices=choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("minutes_late") is not None and cleaned.get("code") not in codes.ARRIVAL_CODES:
            self.add_error("minutes_late", _("Minutes late go with the codes L and U only."))
        return cleaned

    def change(self, student: Student) -> Change:
        cleaned = self.cleaned_data
        return Change(
            student_id=student.pk,
            code=cleaned["code"],
            reason=cleaned["reason"],
            minutes_late=cleaned["minutes_late"],
            expected_code=cleaned["expected"],
        )
