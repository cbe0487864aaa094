"""The environment, as django-environ reads it, save that a wrong value is refused by the name of its variable."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

FALSE = ("false", "off", "no", "n", "0", "")


class Environment(environ.FileAwareEnv):  # SECRET_KEY_FILE=/run/secrets/... works for every variable
    """Raises ImproperlyConfigured, one line, for whatever cannot be read."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except (ValueError, OSError) as error:
            raise ImproperlyConfigured(f"{var} cannot be read: {error}.") from error

    @classmethod
    def parse_value(cls, value: Any, cast: Any) -> Any:
        """Its own reading of `PRODUCTION=ture` is false."""
        if cast is bool and value.strip().lower() not in (*cls.BOOLEAN_TRUE_STRINGS, *FALSE):
            raise ValueError(f"{value!r} is neither true nor false")
        return super().parse_value(value, cast)


env = Environment()
