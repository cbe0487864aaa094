"""Cancelling lessons, one or many at a time; reports on them are kept as rejected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lessons.admin.base import SchoolRowAdmin
from lessons.errors import StoreUnavailable
from lessons.models import Lesson, RejectedReport
from lessons.registers import hooks


class Cancelling(SchoolRowAdmin):
    actions: Any = ("cancel",)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Locks the lesson before a change, so that a faster completion or settling is seen."""
        found = super().get_object(request, object_id, from_field)
        if request.method == "POST":
            Lesson.objects.filter(pk=found.pk).lock()
            found = super().get_object(request, object_id, from_field)
        return found

    def save_model(self, request: HttpRequest, obj: Lesson, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.is_cancelled and not obj.settled:
            transaction.on_commit(partial(self._settle, request, [obj]))

    @admin.action(description=_("Cancel selected lessons"))
    def cancel(self, request: HttpRequest, queryset: models.QuerySet[Lesson]) -> None:
        with transaction.atomic():
            pks = Lesson.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))).lock()
            # Queried after locking, so that a faster completion is seen.
            open_ = Lesson.objects.filter(pk__in=pks, register__isnull=True, status=Lesson.Status.SCHEDULED)
            cancelled = list(open_.select_related("group"))
            Lesson.objects.filter(pk__in=[lesson.pk for lesson in cancelled]).update(
                status=Lesson.Status.CANCELLED, updated_at=timezone.now()
            )
            for lesson in cancelled:
                self.log_change(request, lesson, [{"changed": {"fields": [str(_("status"))]}}])
            self._tell(request, len(cancelled), len(pks) - len(cancelled))
            if cancelled:
                transaction.on_commit(partial(self._settle, request, cancelled))

    def _tell(self, request: HttpRequest, cancelled: int, left: int) -> None:
        if cancelled:
            done = ngettext("%d lesson was cancelled.", "%d lessons were cancelled.", cancelled) % cancelled
            self.message_user(request, done, messages.SUCCESS)
        if left:
            why = ngettext(
                "%d lesson was left as it is: it is completed or cancelled already.",
                "%d lessons were left as they are: they are completed or cancelled already.",
                left,
            )
            self.message_user(request, why % left, messages.WARNING)

    def _settle(self, request: HttpRequest, cancelled: Sequence[Lesson]) -> None:
        """Rejects reports after the commit. If MongoDB does not answer, the reconciler does it later. It also settles
        lessons more than a day away, once they can no longer be scheduled again."""
        now, pks = timezone.now(), [lesson.pk for lesson in cancelled]
        final = list(Lesson.objects.unsettled(now).filter(pk__in=pks))
        if len(final) < len(pks):
            text = _("What is cancelled by mistake can be scheduled again until a day before it starts.")
            self.message_user(request, text, messages.INFO)
        try:
            hooks.cancel(final, now)
        except StoreUnavailable:
            down = _("The store of reports does not answer: what was reported is kept as rejected once it does.")
            self.message_user(request, down, messages.WARNING)
            return
        if count := RejectedReport.objects.filter(lesson__in=pks).count():
            kept = ngettext(
                "%d report on them was kept as rejected.", "%d reports on them were kept as rejected.", count
            )
            self.message_user(request, kept % count, messages.WARNING)
