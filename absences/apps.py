from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AbsencesConfig(AppConfig):
    name = "absences"
    verbose_name = _("Absences")

    def ready(self) -> None:
        from absences.registers import closing
        from absences.reporting import revocations
        from absences.store import sheets
        from lessons.registers import hooks

        hooks.finders.append(sheets.reported)
        hooks.cancellers.append(closing.cancel)
        hooks.revokers.append(revocations.revoke)
