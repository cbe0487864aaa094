"""Production refuses to start with a secret that is weak, known, or used twice."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from attendance_site import embedded
from lessons.accounts import keys

LENGTH, VARIETY = 50, 10  # of a secret: its length, and how many different characters


def check(*, secret_key: str, token_keys: str, stores: Iterable[str], folder: Path) -> None:
    """Raises ImproperlyConfigured, naming the variable but never its value. `folder` is where a machine without
    configuration keeps the secrets that it made; `stores` are the addresses of the stores."""
    if len(secret_key) < LENGTH or len(set(secret_key)) < VARIETY or secret_key.startswith("django-insecure-"):
        raise ImproperlyConfigured(f"SECRET_KEY must be random and at least {LENGTH} characters long.")
    if any(secret_key in store for store in stores) or secret_key in token_keys:
        raise ImproperlyConfigured("SECRET_KEY is used for something else too; it must have no other use.")
    if secret_key == _made(folder, embedded.SECRET_KEY):
        raise ImproperlyConfigured("SECRET_KEY is the one that this machine made for development.")
    try:
        kids = _kids(token_keys)
    except ValueError as error:
        raise ImproperlyConfigured(f"TOKEN_KEYS cannot be read: {error} (manage.py rotate_keys makes one).") from error
    with suppress(ValueError):
        if kids & _kids(_made(folder, embedded.TOKEN_KEYS)):
            raise ImproperlyConfigured("TOKEN_KEYS holds the key that this machine made for development.")


def _kids(text: str) -> set[str]:
    return {key.kid for key in keys.parse(text)}


def _made(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text()
    except OSError:
        return ""
