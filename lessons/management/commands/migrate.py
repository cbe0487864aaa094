from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from lessons.database import installing


class Command(migrate.Command):
    """Django's command, except that a failure never leaves the database without its rules."""

    def handle(self, *args: Any, **options: Any) -> None:
        with installing.kept(connections[options["database"]]):
            super().handle(*args, **options)
