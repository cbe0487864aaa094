from typing import Any

from django.core.management.commands import flush
from django.db import connections

from lessons.database import installing


class Command(flush.Command):
    """Django's command. On SQLite it deletes row by row, which the triggers of `lessons/database/rules.py` would
    refuse."""

    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor == "sqlite":
            installing.lift(connection)
        try:
            super().handle(**options)
        finally:
            installing.install(connection)
