"""The outcome of a call."""

from lessons.model_forms import ModelForm
from lessons.models import Contact


class ContactForm(ModelForm):
    class Meta:
        model = Contact
        fields = ("outcome", "note")
