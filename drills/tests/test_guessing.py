"""How many guesses a short simulated siege leaves to an attacker; `python -m drills.signin day` plays a whole day."""

import pytest

from drills import guessing
from lessons.accounts import known_browsers, sign_in

pytestmark = pytest.mark.django_db

QUARTER = 0.25  # of an hour
PACED = 15 * 60 // 50


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        (guessing.at_school, 3 * sign_in.BY_NETWORK.tries, 4 * sign_in.BY_NETWORK.tries),
        (guessing.everywhere, sign_in.BY_ACCOUNT.tries, sign_in.BY_ACCOUNT.tries),
        (guessing.own_browser, sign_in.AT_ONCE.tries + PACED, sign_in.AT_ONCE.tries + PACED + 2),
    ],
)
def test_so_many_guesses_are_left(kind: guessing.Kind, least: int, most: int) -> None:
    with guessing.town() as (clock, town):
        assert least <= guessing.guessed(clock, kind(town), QUARTER) <= most


def test_a_colleague_is_held_to_the_browsers_one_account_vouches_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_browsers, "BROWSERS", 2)
    each = sign_in.AT_ONCE.tries + 1
    with guessing.town() as (clock, town):
        least = 2 * each + sign_in.BY_NETWORK.tries
        assert least <= guessing.guessed(clock, guessing.colleague(town), 1 / 60) <= least + 2 * 2


def test_a_spray_on_a_colleagues_browser_is_paced() -> None:
    with guessing.town() as (clock, town):
        tried, _ = guessing.sprayed(clock, guessing.by_browser(town), 1 / 60)
    assert tried == sign_in.SPRAYING_BROWSER.tries + 2


def test_a_spray_ends_with_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "SPRAYING", sign_in.Limit("network", 12, sign_in.SPRAYING.window))
    with guessing.town() as (clock, town):
        assert guessing.sprayed(clock, guessing.by_network(town), 1 / 60) == (12, 1)
