from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from lessons import database


class Command(migrate.Command):
    """Django's, but that no failure leaves the database without its rules."""

    def handle(self, *args: Any, **options: Any) -> None:
        with database.kept(connections[options["database"]]):
            super().handle(*args, **options)
