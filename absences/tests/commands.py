"""Recording the commands that a request sends to MongoDB."""

from typing import Any

import pymongo.monitoring


class Commands(pymongo.monitoring.CommandListener):
    """Records commands while `on`; PyMongo keeps its listeners for ever."""

    on = False
    seen: list[str] = []  # noqa: RUF012
    sent: list[dict[str, Any]] = []  # noqa: RUF012

    def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
        if self.on and event.command_name not in ("hello", "ping", "endSessions"):
            self.seen.append(event.command_name)
            self.sent.append(dict(event.command))

    def succeeded(self, event: object) -> None:
        pass

    def failed(self, event: object) -> None:
        pass


LISTENER = Commands()
pymongo.monitoring.register(LISTENER)
