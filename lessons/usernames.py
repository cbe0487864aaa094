"""User names: two that differ only in capitals, in the encoding of a letter, or in spaces around them are the same."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    CharField = models.CharField[Any, Any]
else:
    CharField = models.CharField


def canonical(name: str) -> str:
    """Returns the form in which a user name is stored, looked up and counted: ` Ada.LEE` becomes `ada.lee`.

    NFKC as in Django's `normalize_username`; and again at the end, because folding may decompose letters.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


class UserNameField(CharField):
    """A column of canonical user names. It converts every value written to it or compared with it, so that no caller
    needs to; `unique=True` on it ignores capitals."""

    # Migrations import this.

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return canonical(text) if isinstance(text, str) else text

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return canonical(text) if isinstance(text, str) else text

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Shows the stored form on the instance too."""
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value
