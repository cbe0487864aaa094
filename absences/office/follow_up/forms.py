"""The form for the reason of absences."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from absences.office.follow_up.follow_up import explaining
from absences.taking.amend_form import MAX_REASON
from lessons.models import Lesson


class ExplainForm(forms.Form):
    """Why a pupil was absent in these lessons."""

    code = forms.ChoiceField(label=_("Code"), error_messages={"required": _("Choose a code.")})
    reason = forms.CharField(
        label=_("Reason"), max_length=MAX_REASON, error_messages={"required": _("Say in a few words why.")}
    )

    def __init__(self, data: QueryDict, lessons: Sequence[Lesson]) -> None:
        super().__init__(data)
        self.lessons = lessons
        known = explaining(lessons[0]) if lessons else ()
        self.fields["code"].choices = [(code.code, code.title) for code in known]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        if not self.lessons:
            self.errors.clear()
            raise ValidationError(_("Tick at least one lesson."))
        return super().clean() or {}
