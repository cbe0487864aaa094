"""User names: two that differ only in capitals, in how a letter is encoded, or in blanks around them are the same."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    CharField = models.CharField[Any, Any]
else:
    CharField = models.CharField


def canonical(name: str) -> str:
    """The form in which a user name is stored, looked up and counted: ` Ada.LEE` is `ada.lee`.

    NFKC as Django's `normalize_username`; again at the end, since folding may take letters apart.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


class UserNameField(CharField):
    """A column of canonical user names. It converts whatever is written to it or compared with it, so no door needs to
    remember; `unique=True` on it does not distinguish capitals."""

    # Migrations import this.

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return canonical(text) if isinstance(text, str) else text

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return canonical(text) if isinstance(text, str) else text

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """The instance shows what is stored."""
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value
