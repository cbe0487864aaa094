"""User names given by a school's admin: each ends in the school's own number, as in `ada.lee@100001`.

People sign in with only a user name and a password, so names are unique in the whole nation. If an admin could choose
freely, "taken" would reveal people who work elsewhere; an ending added only to a name that is taken would reveal the
same. So every name has one: a school has its names to itself, staff know theirs from a colleague's, and "taken" refers
only to people whom the admin sees.

Older names stay as they are, and superusers, who see everybody, may give any name.
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
    """A mixin for the forms of a school's admin: `seen` are the users whom the admin sees, `schools` the admin's
    schools."""

    seen: ClassVar[QuerySet[User]]
    schools: ClassVar[QuerySet[School]]

    def clean_username(self) -> str:
        """Returns the name as it was entered; the ending is added once the school is known."""
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
        """Returns the school whose ending a new name gets."""
        raise NotImplementedError

    def _given(self, name: str, school: School) -> str:
        """Returns the name with the school's ending. If an account that the admin cannot see has it, the name gets a
        number: that account once belonged to this school, or a superuser made it. Raises ValidationError."""
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
    """Asks for the school only if the admin has several."""

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
        if "username" in self.fields:  # read-only if the person works elsewhere too
            self.fields["username"].help_text = _("The school’s number is added to a new name.")

    def school(self) -> School | None:
        """Returns the first school in which the admin sees the user."""
        return self.schools.filter(memberships__user=self.instance).order_by("memberships__id").first()
