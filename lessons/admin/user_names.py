"""The user names that a school's admin gives: each ends in the school's own number, as in `ada.lee@100001`.

People sign in with a user name and a password and nothing else, so names are one list for the whole nation. An admin
who could choose freely would learn from "taken" who works elsewhere; an ending that is added only where a name is taken
would tell the same. So every name has one: a school has its names to itself, people know theirs from a colleague's, and
"taken" only ever speaks of people whom the admin sees.

Names that were given before stay as they are, and superusers, who see everybody, give any name.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth import forms as auth_forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from lessons.model_forms import ModelForm
from lessons.models import School, User
from lessons.usernames import canonical

if TYPE_CHECKING:
    CreationForm = auth_forms.AdminUserCreationForm[User]
    ChangeForm = auth_forms.UserChangeForm[User]
else:
    CreationForm, ChangeForm = auth_forms.AdminUserCreationForm, auth_forms.UserChangeForm


class UserAddForm(CreationForm):
    class Meta:
        model = User
        fields = ("username", "name", "email")


class UserChangeForm(ChangeForm):
    class Meta:
        model = User
        fields = ("username", "name", "email", "is_active")


class OfSchool(ModelForm):
    """Mixed into the forms of a school's admin: `seen` are the people whom the admin sees, `schools` the admin's."""

    seen: ClassVar[QuerySet[User]]
    schools: ClassVar[QuerySet[School]]

    def clean_username(self) -> str:
        """As it was given; the ending is known once the school is."""
        return canonical(self.cleaned_data["username"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        school = self.school()
        if school and data.get("username") and data["username"] != self.instance.username:
            try:
                data["username"] = self._given(data["username"], school)
            except ValidationError as error:
                self.add_error("username", error)
        return data

    def school(self) -> School | None:
        """Whose ending a new name has."""
        raise NotImplementedError

    def _given(self, name: str, school: School) -> str:
        """The name with the school's ending. One that somebody unseen has already is numbered: such an account was once
        of this school, or made by a superuser. Raises ValidationError."""
        name = name.removesuffix(school.user_name_ending)
        if "@" in name:
            raise ValidationError(_("Leave out “@”: the school’s number is added."), code="ending")
        if self.seen.filter(username__in=[name, name + school.user_name_ending]).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("This user name is taken."), code="unique")
        numbered = (f"{name}{number}{school.user_name_ending}" for number in count(2))
        free = name + school.user_name_ending
        while User.objects.filter(username=free).exclude(pk=self.instance.pk).exists():
            free = next(numbered)
        return free


class OwnUserAddForm(OfSchool, UserAddForm):
    """Asks for the school only where the admin has several."""

    home = forms.ModelChoiceField(
        School.objects.none(), label=_("School"), help_text=_("Its number ends the user name.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        home: Any = self.fields["home"]
        home.queryset = self.schools
        username = self.fields["username"]
        if len(self.schools) == 1:
            home.initial, home.disabled = self.schools[0], True
            said = _("Such as ada.lee. The school’s number is added: ada.lee%(ending)s.")
            username.help_text = said % {"ending": self.schools[0].user_name_ending}
        else:
            username.help_text = _("Such as ada.lee. The number of the school you choose is added.")

    def school(self) -> School | None:
        return self.cleaned_data.get("home")


class OwnUserChangeForm(OfSchool, UserChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "username" in self.fields:  # it is shown only, where the person works elsewhere too
            self.fields["username"].help_text = _("The school’s number is added to a new name.")

    def school(self) -> School | None:
        """The first in which the admin sees the person."""
        return self.schools.filter(memberships__user=self.instance).order_by("memberships__id").first()
