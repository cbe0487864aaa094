"""Keys and their rotation."""

import json
from datetime import timedelta
from pathlib import Path
from time import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from jwt.algorithms import ECAlgorithm
from pytest_django import Settings

from lessons.accounts import keys, tokens
from lessons.accounts.keys import ANNOUNCED, CLOCKS_DIFFER
from lessons.errors import BadToken
from lessons.lifetimes import LONGEST_LIFE


@pytest.fixture
def file(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.TOKEN_KEYS_FILE = tmp_path / "keys.json"
    monkeypatch.setattr(tokens, "LOOK_AGAIN", 0.0)
    tokens.forget_keys()
    call_command("rotate_keys")
    yield settings.TOKEN_KEYS_FILE
    tokens.forget_keys()


def kid_of(token: str) -> Any:
    return jwt.get_unverified_header(token)["kid"]


def issue() -> str:
    now = timezone.now()
    return tokens.sign("access", {"sub": "1"}, now=now, expires_at=now + timedelta(minutes=1))


def signs_now(path: Path) -> None:
    """Makes a new key sign at once, as if the announcement time were over."""
    held = json.loads(path.read_text())
    held["keys"][-1]["signs_from"] = int(time())
    path.write_text(json.dumps(held))


def test_a_rotation_that_nobody_notices(file: Path) -> None:
    before = issue()
    call_command("rotate_keys")
    announced = [each["kid"] for each in Client().get("/.well-known/jwks.json").json()["keys"]]
    assert len(announced) == 2 and kid_of(issue()) == kid_of(before) == announced[0]
    signs_now(file)
    after = issue()
    assert kid_of(after) == announced[1]
    assert tokens.verify(before, "access") and tokens.verify(after, "access")


def test_a_leaked_key_verifies_nothing_any_more(file: Path) -> None:
    before = issue()
    assert tokens.verify(before, "access")
    call_command("rotate_keys", "--leaked")
    with pytest.raises(BadToken):
        tokens.verify(before, "access")
    assert tokens.verify(issue(), "access")


def test_a_key_verifies_until_its_last_token_ended() -> None:
    old, new = keys.make(0), keys.make(1000)
    assert keys.signing([old, new], 999) is old and keys.signing([old, new], 1000) is new
    ended = 1000 + LONGEST_LIFE + CLOCKS_DIFFER  # a server that is behind signs with the old key for this much longer
    assert keys.verifying([old, new], ended - 1) == [old, new]
    assert keys.verifying([old, new], ended) == [new]
    [kept, made] = keys.rotated([old, new], ended)
    assert kept is new and made.signs_from == ended + ANNOUNCED
    assert [each["kid"] for each in keys.jwks([old, new], ended)["keys"]] == [new.kid]


def test_what_is_told_to_everybody_holds_nothing_private(file: Path) -> None:
    answer = Client().get("/.well-known/jwks.json")
    [public] = answer.json()["keys"]
    assert set(public) == {"kty", "crv", "x", "y", "use", "alg", "kid"}
    assert answer["Cache-Control"] == "public, max-age=300"
    assert Client().post("/.well-known/jwks.json").status_code == 405
    assert json.loads(file.read_text())["keys"][0]["d"] not in answer.content.decode()


def test_anybody_can_verify_with_the_public_keys(file: Path) -> None:
    held = jwt.PyJWKSet.from_dict(Client().get("/.well-known/jwks.json").json())
    token = issue()
    claims = jwt.decode(token, held[kid_of(token)].key, ["ES256"], audience="attendance", issuer="attendance")
    assert claims["typ"] == "access"


def test_a_key_set_goes_through_its_file() -> None:
    held = keys.rotated(keys.rotated([], 0), 5)
    assert [(each.kid, each.signs_from) for each in keys.parse(keys.dump(held))] == [
        (each.kid, each.signs_from) for each in held
    ]


def test_a_kid_and_a_file_stay_as_they_are() -> None:
    """With the example of RFC 7517: tokens name their key by its thumbprint, and an older release reads the file."""
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        "use": "sig",
        "alg": "ES256",
        "kid": "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s",
        "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
        "signs_from": 5,
    }
    text = json.dumps({"keys": [jwk]}, indent=1)
    assert keys.dump(keys.parse(text)) == text


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1()])
def test_another_curve_is_refused(curve: ec.EllipticCurve) -> None:
    jwk = ECAlgorithm.to_jwk(ec.generate_private_key(curve), as_dict=True)
    with pytest.raises(ValueError, match="not a JSON Web Key Set"):
        keys.parse(json.dumps({"keys": [jwk]}))


def test_a_public_key_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="not a JSON Web Key Set"):
        keys.parse(json.dumps(keys.jwks([keys.make(0)], 0)))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "RSA"}]}', '{"keys": [1]}'])
def test_what_is_no_key_set(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        keys.parse(text)


def test_a_public_half_of_another_key_is_refused() -> None:
    held = json.loads(keys.dump([keys.make(0), keys.make(1)]))
    held["keys"][0]["x"] = held["keys"][1]["x"]
    with pytest.raises(ValueError, match="not a JSON Web Key Set"):
        keys.parse(json.dumps(held))


def test_rotating_twice_waits_for_the_first(file: Path) -> None:
    call_command("rotate_keys")
    held = file.read_text()
    with pytest.raises(CommandError, match="does not sign yet"):
        call_command("rotate_keys")
    assert file.read_text() == held


def test_the_file_is_for_its_owner_and_keeps_its_mode(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    call_command("rotate_keys")
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(file.parent.iterdir()) == [file]


def test_a_broken_file_leaves_the_old_keys(file: Path) -> None:
    token = issue()
    file.write_text("half a fi")
    assert tokens.verify(token, "access") and tokens.verify(issue(), "access")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("rotate_keys")


def test_keys_from_the_environment_are_printed(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.TOKEN_KEYS_FILE, settings.TOKEN_KEYS = None, keys.dump([keys.make(0)])
    with pytest.raises(CommandError, match="TOKEN_KEYS"):
        call_command("rotate_keys")
    call_command("rotate_keys", "--print")
    assert len(keys.parse(capsys.readouterr().out)) == 2
