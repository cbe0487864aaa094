from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.core import checks
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class LessonsConfig(AppConfig):
    default = True
    name = "lessons"
    verbose_name = _("Lessons")

    def ready(self) -> None:
        from lessons.database import installing

        pre_migrate.connect(installing.before_migrate, sender=self)
        post_migrate.connect(installing.after_migrate, sender=self)
        checks.register(installing.check, checks.Tags.database, deploy=True)


class AdminConfig(admin_apps.AdminConfig):
    """Uses our own site for Django's admin."""

    default = False
    default_site = "lessons.admin_site.Site"

    def ready(self) -> None:
        super().ready()
        from lessons.admin.lists import check_lists

        checks.register(check_lists, checks.Tags.admin)
