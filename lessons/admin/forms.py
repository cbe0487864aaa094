"""Forms that keep a row and its foreign keys within one school, as the database requires."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.forms.models import InlineForeignKeyField
from django.utils.translation import gettext_lazy as _

from lessons.model_forms import InlineFormSet, ModelForm
from lessons.models import Enrolment, Lesson, PlannedAbsence, Register


class InlineForm(ModelForm):
    """Validates constraints that name the page's own object too, which Django leaves out in inlines."""

    def validate_unique(self) -> None:
        super().validate_unique()
        is_inline = any(isinstance(field, InlineForeignKeyField) for field in self.fields.values())
        if is_inline and not self.errors:
            try:
                self.instance.validate_constraints(exclude=self._get_validation_exclusions())
            except ValidationError as error:
                self.add_error(None, error)

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions()  # type: ignore[misc, no-any-return]


class SchoolRowForm(InlineForm):
    """A form for a row of a school. `school_of` names the field whose school is also this row's, if the form does not
    ask for one.

    A row on another row's page has the school of the `parent`, which is known once the parent's form is clean.
    """

    school_of: ClassVar[str | None] = None
    parent: Any = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        parent = self.parent or (data.get(self.school_of) if self.school_of else None)
        if parent and not self.instance.pk:
            self.instance.school_id = parent.school_id
        school = data["school"].pk if data.get("school") else self.instance.school_id
        for name in self.instance.SAME_SCHOOL:
            if school and (row := data.get(name)) and row.school_id != school:
                self.add_error(name, _("This belongs to another school."))
        return data

    def _get_validation_exclusions(self) -> set[str]:
        """Includes the school in unique constraints even if the form does not show it."""
        excluded = super()._get_validation_exclusions()
        return excluded - {"school"} if self.instance.school_id else excluded


class EnrolmentForm(SchoolRowForm):
    school_of = "group"

    class Meta:
        model = Enrolment
        fields = ("student", "group", "starts_on", "ends_on", "source", "external_id")


class PlannedAbsenceForm(SchoolRowForm):
    school_of = "student"

    class Meta:
        model = PlannedAbsence
        fields = (
            *("student", "first_day", "last_day", "from_time", "until_time", "code", "reason"),
            *("source", "external_id"),
        )


class LessonForm(SchoolRowForm):
    school_of = "group"

    class Meta:
        model = Lesson
        fields = (
            *("group", "subject", "room", "date", "start_time", "end_time", "session", "status"),
            *("source", "external_id"),
        )

    def clean(self) -> dict[str, Any]:
        """Keeps a settled lesson cancelled: an old page may still try to schedule it, which the database refuses
        (`database/rules.py`)."""
        data = super().clean()
        if self.instance.settled and self.data.get("status", Lesson.Status.CANCELLED) != Lesson.Status.CANCELLED:
            self.add_error(None, _("This lesson stays cancelled: what was reported on it has been rejected."))
        return data

    def clean_date(self) -> Any:
        day = self.cleaned_data["date"]
        if not 2000 <= day.year <= 2100:  # far enough from the ends of the calendar for arithmetic with times
            raise ValidationError(_("Enter a date between 2000 and 2100."))
        return day


class SchoolRowFormSet(InlineFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.parent = self.instance


class EnrolmentFormSet(SchoolRowFormSet):
    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            if form.cleaned_data.get("DELETE") and Register.objects.on_enrolment(form.instance):
                raise ValidationError(kept(form.instance))


def kept(enrolment: Enrolment) -> Any:
    text = _("%(enrolment)s cannot be deleted: registers stand on it. Enter the day on which it ends instead.")
    return text % {"enrolment": enrolment}
