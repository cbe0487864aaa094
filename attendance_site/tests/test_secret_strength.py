"""Production does not start with a secret that is weak, known, or used twice."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from attendance_site import embedded, secret_strength
from lessons.accounts import keys

GOOD = "".join(chr(48 + n * 37 % 75) for n in range(80))
KEYS = keys.dump([keys.make(0)])
STORES = ("postgres://attendance:other@postgres/attendance", "mongodb://mongo1/")


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    embedded.secret_key(tmp_path)
    embedded.token_keys(tmp_path)
    return {"secret_key": GOOD, "token_keys": KEYS, "stores": STORES, "folder": tmp_path}


def test_good_ones_pass(given: dict[str, Any]) -> None:
    secret_strength.check(**given)


@pytest.mark.parametrize("weak", ["changeme", "x" * 80, "ab" * 40, f"django-insecure-{GOOD}", GOOD[:49]])
def test_a_weak_secret(given: dict[str, Any], weak: str) -> None:
    refused(given | {"secret_key": weak}, "SECRET_KEY must be random")


def test_a_secret_that_also_opens_a_store(given: dict[str, Any]) -> None:
    refused(given | {"stores": (f"postgres://attendance:{GOOD}@postgres/attendance",)}, "no other use")


def test_the_secrets_of_development(given: dict[str, Any]) -> None:
    refused(given | {"secret_key": embedded.secret_key(given["folder"])}, "SECRET_KEY .* development")
    refused(given | {"token_keys": embedded.token_keys(given["folder"]).read_text()}, "TOKEN_KEYS .* development")


@pytest.mark.parametrize(
    "broken", ["", "x", json.dumps({"keys": []}), json.dumps({"keys": [{"kty": "oct", "k": "x"}]})]
)
def test_keys_that_are_none(given: dict[str, Any], broken: str) -> None:
    refused(given | {"token_keys": broken}, "TOKEN_KEYS cannot be read")


def refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=why) as error:
        secret_strength.check(**given)
    assert given["secret_key"] not in str(error.value)
