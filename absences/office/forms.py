"""What the school's office fills in, as plain forms."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from absences.office.follow_up.follow_up import explaining
from absences.taking.amend_form import MAX_REASON
from lessons.models import Contact, DeskEntry, Lesson, Notice, PlannedAbsence
from lessons.models.planned import plannable

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:  # Django's own cannot be subscripted when it runs
    ModelForm = forms.ModelForm


class ReasonForm(forms.Form):
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


class ContactForm(ModelForm):
    class Meta:
        model = Contact
        fields = ("outcome", "note")


class SomeoneElseForm(ModelForm):
    class Meta:
        model = Notice
        fields = ("text",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].required = True


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


class PlanForm(ModelForm):
    """Of an instance with its school and student."""

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
