"""The form about a pupil who is in the room but not on the register."""

from typing import Any

from lessons.model_forms import ModelForm
from lessons.models import Notice


class SomeoneElseForm(ModelForm):
    class Meta:
        model = Notice
        fields = ("text",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].required = True
