from django.db import models
from django.utils.translation import gettext_lazy as _


class Tally(models.Model):
    """How often something happened until `ends_at` (seconds since 1970), counted across all processes
    (`accounts/shared_counter.py`)."""

    key = models.CharField(max_length=64, primary_key=True)
    hits = models.IntegerField()
    ends_at = models.BigIntegerField(db_index=True)

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")

    def __str__(self) -> str:
        return self.key
