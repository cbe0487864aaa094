"""The form for a planned absence."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lessons.model_forms import ModelForm
from lessons.models import PlannedAbsence
from lessons.models.planned import plannable


class PlanForm(ModelForm):
    """Edits an instance that has a school and a student."""

    class Meta:
        model = PlannedAbsence
        fields = ("first_day", "last_day", "from_time", "until_time", "code", "reason")
        widgets = {  # noqa: RUF012
            "first_day": forms.DateInput({"type": "date"}, "%Y-%m-%d"),
            "last_day": forms.DateInput({"type": "date"}, "%Y-%m-%d"),
            "from_time": forms.TimeInput({"type": "time"}, "%H:%M"),
            "until_time": forms.TimeInput({"type": "time"}, "%H:%M"),
        }

    def __init__(self, *args: Any, today: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = plannable(self.instance.school.nation, self.instance.first_day or today).values()
        choices = [("", _("Choose a code")), *((code.code, f"{code.code}  {code.title}") for code in known)]
        self.fields["code"] = forms.ChoiceField(label=_("Code"), choices=choices)
