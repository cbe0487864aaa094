"""Forged, altered and old tokens get 401, both where SQL is asked and where it is not."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from absences.store import mongo
from absences.tests.api import Api, due_today, signed_in, with_ticket
from lessons.accounts import keys, tokens
from lessons.models import Lesson, School, User

pytestmark = pytest.mark.django_db

Claims = dict[str, Any]
Header = dict[str, Any]
OTHER = ec.generate_private_key(ec.SECP256R1())


def encoded(part: object) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def ours() -> keys.Key:
    return tokens.current().signing()


def signed(claims: Claims, key: Any = None, alg: str = "ES256", **header: Any) -> str:
    """Signs by hand, since the library refuses to write many of these tokens."""
    start = f"{encoded({'alg': alg, 'typ': 'JWT', 'kid': ours().kid, **header})}.{encoded(claims)}"
    signature = jwt.get_algorithm_by_name(alg).sign(start.encode(), key or ours().private)
    return f"{start}.{encoded(signature)}"


def public_pem() -> bytes:
    return ours().private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def hmac_with(secret: bytes) -> Callable[[Claims], str]:
    def forge(claims: Claims) -> str:
        start = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': ours().kid})}.{encoded(claims)}"
        return f"{start}.{encoded(hmac.digest(secret or public_pem(), start.encode(), hashlib.sha256))}"

    return forge


def unsigned(alg: str) -> Callable[[Claims], str]:
    return lambda claims: f"{encoded({'alg': alg, 'typ': 'JWT', 'kid': ours().kid})}.{encoded(claims)}."


def without(name: str) -> Callable[[Claims], str]:
    return lambda claims: signed({key: value for key, value in claims.items() if key != name})


def having(**changed: Any) -> Callable[[Claims], str]:
    return lambda claims: signed({**claims, **changed})


def headed(**header: Any) -> Callable[[Claims], str]:
    return lambda claims: signed(claims, **header)


def bent(claims: Claims) -> str:
    """Puts another school into a token that keeps its own school's signature."""
    start, payload, signature = signed(claims).split(".")
    held = json.loads(urlsafe_b64decode(payload + "=="))
    return f"{start}.{encoded({**held, 'school': held['school'] + 1})}.{signature}"


JWK: dict[str, str] = {
    "kty": "EC",
    "crv": "P-256",
    **{name: keys.Key(OTHER, 0).public_jwk[name] for name in ("x", "y")},
}
NOW = int(time.time())
LATER = NOW + 3600  # than the last test of the run

SID: list[Any] = [1, None, True, ["x"], {"$gt": ""}]
MILLISECONDS: list[Any] = [-1, 1000, 0.5, True, "7", None, []]
EXP: list[Any] = ["soon", str(LATER), LATER + 0.5, True, None, 10**30, []]

FORGED: dict[str, Callable[[Claims], str]] = {
    **{f"alg {alg}": unsigned(alg) for alg in ("none", "None", "NONE", "nOnE", "", "ES256", "HS256")},
    "HS256 with the public key": hmac_with(b""),
    "HS256 with nothing": hmac_with(b"\0"),
    "signed by another": lambda claims: signed(claims, OTHER),
    "signed by another, under its own kid": lambda claims: signed(claims, OTHER, kid=keys.Key(OTHER, 0).kid),
    "another curve": lambda claims: signed(claims, ec.generate_private_key(ec.SECP384R1()), "ES384"),
    "bent": bent,
    "cut": lambda claims: signed(claims)[:-6],
    "without kid": lambda claims: signed(claims, kid=None),
    **{f"kid {kid}": headed(kid=kid) for kid in ("", "x", "../../dev/null", "/etc/passwd", "' OR 1=1 --", "\0", "é")},
    "kid of another type": lambda claims: f"{encoded({'alg': 'ES256', 'kid': ['x']})}.{encoded(claims)}.AAAA",
    "jku": headed(jku="https://example.org/jwks.json"),
    "jwk": lambda claims: signed(claims, OTHER, jwk=JWK),
    "x5u": headed(x5u="https://example.org/key.pem"),
    "crit": headed(crit=["exp"]),
    "expired": having(iat=NOW - 700, exp=NOW - 1),
    "not yet valid": having(nbf=LATER),
    "issued tomorrow": having(iat=NOW + 86400, exp=NOW + 90000),
    "for years": having(exp=NOW + 10**9),
    "for ever": without("exp"),
    **{f"exp {value!r}": having(exp=value) for value in EXP},
    **{f"aud {value!r}": having(aud=value) for value in ("other", "", ["attendance"], ["attendance", "x"], None, 1)},
    **{f"sid {value!r}": having(sid=value) for value in SID},
    **{f"iat_ms {value!r}": having(iat_ms=value) for value in MILLISECONDS},
    **{f"iss {value!r}": having(iss=value) for value in ("other", "", None, ["attendance"])},
    **{f"typ {value!r}": having(typ=value) for value in ("refresh", "Ticket", "", None, ["ticket"], {"$gt": ""})},
    **{
        f"sub {value!r}": having(sub=value)
        for value in (1, None, "", "-1", "1 OR 1=1", {"$gt": ""}, ["1"], "٣", " 1", "1_0")
    },
    **{f"school {value!r}": having(school=value) for value in ("1", 1.0, True, {"$gt": ""}, [1], -1, 2**63)},
    **{f"without {name}": without(name) for name in ("iss", "aud", "iat", "typ", "sub", "school", "name", "position")},
    "no object": lambda claims: f"{encoded({'alg': 'ES256', 'kid': ours().kid})}.{encoded([1])}.AAAA",
    "9 kB": having(padding="x" * 9000),
    "deep": lambda claims: f"{encoded(b'[' * 5000)}.{encoded(claims)}.AAAA",
    "deep, up to what is read": lambda claims: f"{encoded(b'[' * 6000)}.AAAA.AAAA",
    "no token": lambda claims: "..",
    "one part": lambda claims: "a" * 100,
    "no base64": lambda claims: "!.!.!",
}
OF_TICKETS: dict[str, Callable[[Claims], str]] = {
    **{f"without {name}": without(name) for name in ("lesson", "role", "codes", "roster", "notes")},
    **{f"lesson {value!r}": having(lesson=value) for value in ("1", {"$gt": 0}, None, [1], 1.5)},
    **{f"roster {value!r}": having(roster=value) for value in ("1", {"$gt": 0}, None, [[1]], ["x"], 1)},
    **{f"codes {value!r}": having(codes=value) for value in ("N", None, {"N": 1}, [["N"]], 1)},
    **{f"role {value!r}": having(role=value) for value in ("king", None, ["office"], {"$gt": ""})},
}
OF_ACCESS: dict[str, Callable[[Claims], str]] = {
    **{f"without {name}": without(name) for name in ("roles", "scopes", "standing", "nation")},
    **{f"roles {value!r}": having(roles=value) for value in ("office", None, ["king"], [["office"]], {"office": 1})},
    **{f"scopes {value!r}": having(scopes=value) for value in ("report", ["all"], None)},
    **{f"standing {value!r}": having(standing=value) for value in ("", "x", None, 1, "é")},
}


@pytest.fixture
def lesson(school: School, teacher: User) -> Lesson:
    return due_today(school, teacher, students=1)


def claims_of(api: Api) -> Claims:
    return jwt.decode(api.token or "", options={"verify_signature": False})


@pytest.fixture
def ticket(teacher: User, lesson: Lesson, roster: list[int]) -> Claims:
    return claims_of(with_ticket(teacher, lesson, roster))


@pytest.fixture
def access(office: User) -> Claims:
    return claims_of(signed_in(office))


@pytest.fixture
def report(lesson: Lesson, roster: list[int]) -> Callable[[str], int]:
    return lambda token: int(Api(token).put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}").status_code)


def test_what_is_right_passes(ticket: Claims, access: Claims, report: Callable[[str], int]) -> None:
    """Otherwise the other tests would prove nothing."""
    assert report(signed(ticket)) == report(signed(access)) == 202
    assert Api(signed(access)).get("/api/v1/groups").status_code == 200


def refused(forged: dict[str, Callable[[Claims], str]], claims: Claims, ask: Callable[[str], int]) -> None:
    answers = {name: ask(forge(claims)) for name, forge in forged.items()}
    assert {name: status for name, status in answers.items() if status != 401} == {}
    assert mongo.sheets().find_one() is None


def test_forged_tickets_report_nothing(ticket: Claims, report: Callable[[str], int]) -> None:
    refused(FORGED | OF_TICKETS, ticket, report)


def test_forged_access_tokens_report_nothing(access: Claims, report: Callable[[str], int]) -> None:
    at_the_door = {name: forge for name, forge in OF_ACCESS.items() if not name.startswith("standing '")}
    refused(FORGED | at_the_door, access, report)


def test_forged_access_tokens_read_nothing(access: Claims) -> None:
    refused(FORGED | OF_ACCESS, access, lambda token: int(Api(token).get("/api/v1/groups").status_code))


def test_one_kind_is_not_another(
    ticket: Claims, access: Claims, lesson: Lesson, teacher: User, report: Callable[[str], int]
) -> None:
    assert Api(signed(ticket)).get("/api/v1/groups").status_code == 401
    assert Api(signed(ticket)).post(f"/api/v1/lessons/{lesson.pk}/complete").status_code == 401
    assert report(signed({**access, "typ": "ticket"})) == 401
    assert Api(signed({**ticket, "typ": "access"})).get("/api/v1/groups").status_code == 401
    other = due_today(lesson.school, teacher)
    assert Api(signed(ticket)).get(f"/api/v1/lessons/{other.pk}/absences").status_code == 404


def test_a_token_that_was_good_is_remembered_until_it_ends_and_no_longer(
    ticket: Claims, report: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed(ticket)
    assert report(token) == 202
    monkeypatch.setattr(time, "time", lambda: ticket["exp"] - 1)
    assert report(token) == 202
    monkeypatch.setattr(time, "time", lambda: ticket["exp"])
    assert report(token) == 401


def test_no_more_tokens_are_remembered_than_a_process_bears(ticket: Claims, report: Callable[[str], int]) -> None:
    """Refused tokens are not remembered: otherwise forged ones would push out good ones."""
    tokens._verified.cache_clear()
    assert report(signed(ticket)) == 202
    for _ in range(3):
        assert report(signed(ticket, OTHER)) == 401
    held = tokens._verified.cache_info()
    assert (held.currsize, held.maxsize) == (1, tokens.REMEMBERED)


def test_simplejwt_still_asks_our_two_methods() -> None:
    """A release that does not would sign without `kid`, or verify with any key: see `lessons/accounts/tokens.py`."""
    now = timezone.now()
    token = tokens.sign("access", {"sub": "1"}, now=now, expires_at=now + timedelta(minutes=1))
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "JWT", "kid": ours().kid}
    asked: list[str] = []

    class Listening(tokens.SigningBackend):
        def get_verifying_key(self, token: Any) -> Any:
            asked.append(token)
            return super().get_verifying_key(token)

    assert Listening(tokens.current()).decode(token)["sub"] == "1"  # type: ignore[arg-type]
    assert asked == [token]
