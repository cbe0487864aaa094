"""The environment as django-environ reads it, but a wrong value is an error that names its variable."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

FALSE = ("false", "off", "no", "n", "0", "")


class Environment(environ.FileAwareEnv):  # SECRET_KEY_FILE=/run/secrets/... works for every variable
    """Reads variables; raises ImproperlyConfigured, in one line, for a value that it cannot read."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except (ValueError, OSError) as error:
            raise ImproperlyConfigured(f"{var} cannot be read: {error}.") from error

    @classmethod
    def parse_value(cls, value: Any, cast: Any) -> Any:
        """Parses a value, but refuses an unknown boolean: django-environ reads `PRODUCTION=ture` as false."""
        if cast is bool and value.strip().lower() not in (*cls.BOOLEAN_TRUE_STRINGS, *FALSE):
            raise ValueError(f"{value!r} is neither true nor false")
        return super().parse_value(value, cast)


env = Environment()
