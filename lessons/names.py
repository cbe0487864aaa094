"""Finds people by name: accents, case, punctuation and word order do not matter. Pure."""

import re
import unicodedata

# Letters that Unicode does not decompose.
LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "ð": "d", "ø": "o", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "ŋ": "ng", "ŧ": "t"}
    | {"\u0131": "i"}  # without its dot
)
APOSTROPHES = re.compile("['’‘ʼʻ`´]")  # noqa: RUF001
WORD = re.compile(r"\w+")


def folded(text: str) -> str:
    """Returns a plain form: `Łukasz Đorđević` becomes `lukasz dordevic`."""
    plain = text.casefold()
    if plain.isascii():  # most names; five times as fast
        return plain
    apart = unicodedata.normalize("NFKD", plain)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).translate(LETTERS)


def matches(query: str, *names: str) -> bool:
    """Returns whether each word of the query begins a word of the names, in any order; `obrien`, `o'brien` and `brien`
    find O'Brien. An empty query matches nobody."""
    asked = WORD.findall(APOSTROPHES.sub("", folded(query)))
    known = words(*names)
    return bool(asked) and all(any(word.startswith(part) for word in known) for part in asked)


def words(*names: str) -> frozenset[str]:
    """Returns all words by whose beginning a name can be found."""
    plain = folded(" ".join(names))
    return frozenset(WORD.findall(plain) + WORD.findall(APOSTROPHES.sub("", plain)))
