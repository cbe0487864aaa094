import pytest

from lessons import upn


def valid(body: str) -> str:
    return upn.check_letter(body) + body


def test_the_check_letter_is_the_weighted_sum_by_23() -> None:
    """Weights 2 to 13: 8·2 + 2·3 + 3·4 + 2·5 + 1·10 + 1·13 = 67, and 67 mod 23 = 21 is Y."""
    assert upn.check_letter("823200001001") == "Y"


@pytest.mark.parametrize("body", ["823200001001", "38320000000A", "000000000000", "99999999999Z"])
def test_a_upn_with_its_own_letter_is_valid(body: str) -> None:
    assert upn.is_valid(valid(body))


@pytest.mark.parametrize("body", ["823200001001", "38320000000A"])
def test_no_other_letter_is_valid(body: str) -> None:
    letters = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if upn.is_valid(letter + body)]
    assert letters == [upn.check_letter(body)]


@pytest.mark.parametrize("place", range(12))
def test_one_wrong_digit_is_noticed(place: int) -> None:
    body = "823200001001"
    wrong = body[:place] + str((int(body[place]) + 1) % 10) + body[place + 1 :]
    assert not upn.is_valid(upn.check_letter(body) + wrong)


@pytest.mark.parametrize("place", range(11))
def test_two_swapped_digits_are_noticed(place: int) -> None:
    body = "123456789012"
    swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
    assert not upn.is_valid(upn.check_letter(body) + swapped)


@pytest.mark.parametrize(
    "number", ["", "Y", "Y82320000100", "Y8232000010011", "y823200001001", "Y8232 0001001", "Y٣23200001001"]
)
def test_what_is_no_upn_is_invalid(number: str) -> None:
    assert not upn.is_valid(number)


@pytest.mark.parametrize("last", ["I", "O", "S", "a", "-", "٣"])
def test_the_last_place_takes_check_letters_only(last: str) -> None:
    assert not any(upn.is_valid(letter + "38320000000" + last) for letter in upn.CHECK_LETTERS)
