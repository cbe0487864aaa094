"""Secrets and addresses for a machine without configuration. They are made once and kept in its data folder."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lessons.accounts import keys

SECRET_KEY, TOKEN_KEYS = "secret-key", "token-keys.json"


def secret_key(folder: Path) -> str:
    """Returns this data folder's Django secret key, made on first use."""
    return _made_once(folder / SECRET_KEY, lambda: secrets.token_urlsafe(64).encode()).decode()


def token_keys(folder: Path) -> Path:
    """Returns the path of this data folder's token keys, made on first use."""
    path = folder / TOKEN_KEYS
    _made_once(path, lambda: keys.dump(keys.rotated([], now=0)).encode())
    return path


def mongodb_url(folder: Path) -> str:
    """Returns the address of this data folder's mongod, or of the standard port when none was started."""
    try:
        return (folder / "mongod" / "url").read_text().strip()
    except FileNotFoundError:
        return "mongodb://127.0.0.1:27017/"


def _made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        own.touch(mode=0o600)
        own.write_bytes(make())
        with suppress(FileExistsError):
            os.link(own, path)  # the first of two processes wins, and nobody reads a half-written file
        own.unlink()
    return path.read_bytes()
