"""Servers whose clocks differ: a minute of grace when a token begins, none when it ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import time_machine

from lessons.accounts import tokens
from lessons.errors import BadToken

NOW = datetime(2026, 9, 14, 8, 5, 0, 250_000, tzinfo=UTC)
LIFE = timedelta(minutes=10)


def signed(*, issued: float = 0, ends: float = LIFE.total_seconds(), **claims: Any) -> str:
    """Returns a token from a server whose clock is `issued` seconds fast; it ends `ends` seconds from now."""
    moments = {"now": NOW + timedelta(seconds=issued), "expires_at": NOW + timedelta(seconds=ends)}
    return tokens.sign("access", {"sub": "1", **claims}, **moments)


def accepted(token: str, later: float = 0) -> bool:
    with time_machine.travel(NOW + timedelta(seconds=later), tick=False):
        try:
            return bool(tokens.verify(token, "access"))
        except BadToken:
            return False


@pytest.mark.parametrize(("ahead", "good"), [(-61, True), (-59, True), (0, True), (1, True), (59, True), (61, False)])
def test_a_token_of_a_host_whose_clock_is_ahead(ahead: int, good: bool) -> None:
    assert accepted(signed(issued=ahead)) is good
    assert accepted(signed(nbf=int(NOW.timestamp()) + ahead)) is good


@pytest.mark.parametrize(("ends", "good"), [(-61, False), (-59, False), (-1, False), (0, False), (1, True), (61, True)])
def test_the_end_is_exact(ends: int, good: bool) -> None:
    assert accepted(signed(issued=-300, ends=ends)) is good


def test_a_remembered_token_ends_on_time() -> None:
    token = signed(ends=30)
    assert [accepted(token, later) for later in (0, 29, 30, 31, 59, 89)] == [True, True, False, False, False, False]


def test_a_refusal_is_not_remembered() -> None:
    """A token from a server far ahead becomes valid later, and an expired one takes no place in the cache."""
    ahead, ended = signed(issued=61), signed(issued=-300, ends=-1)
    tokens._verified.cache_clear()
    assert not accepted(ahead) and not accepted(ended)
    assert tokens._verified.cache_info().currsize == 0
    assert accepted(ahead, later=2)


def test_a_token_says_when_it_was_issued_to_the_millisecond() -> None:
    claims = jwt.decode(signed(issued=0.123), options={"verify_signature": False})
    assert type(claims["iat"]) is int, "servers of the previous version accept no fraction"
    assert tokens.issued_at(claims) == int(NOW.timestamp() * 1000) + 123


def test_one_that_does_not_say_was_issued_as_early_as_it_may_have_been() -> None:
    assert tokens.issued_at({"iat": 1_789_000_000}) == 1_789_000_000_000


@pytest.mark.parametrize("milliseconds", [-1, 1000, 0.5, True, "7", None, []])
def test_milliseconds_that_are_none(milliseconds: Any) -> None:
    claims = {"sub": "1", "typ": "access", "iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 60}
    token = tokens.SigningBackend(tokens.current()).encode({**claims, "iat_ms": milliseconds})
    assert not accepted(token)
