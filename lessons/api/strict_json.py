"""Strict JSON: limited in size and depth, finite, and only text that every store can hold."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.parsers import BaseParser

from lessons.errors import Malformed, TooLarge

MAX_DEPTH = 32
MAX_BYTES = 64 * 1024


def loads(body: bytes) -> Any:
    """Returns the parsed body. Raises Malformed for invalid JSON, NaN or Infinity, a repeated key, nesting deeper than
    32, or text with NUL or unpaired surrogates (PostgreSQL refuses the former, UTF-8 the latter)."""
    try:
        parsed = json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicates)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not valid JSON.") from error
    _check(parsed)
    return parsed


def read(stream: IO[bytes], length: int, limit: int = MAX_BYTES) -> bytes:
    """Returns the body of a request that claims to be `length` bytes long. Raises TooLarge beyond `limit`."""
    if length > limit:
        raise TooLarge(f"The body is larger than {limit // 1024} KiB.")
    return stream.read(length)


def content_length(headers: Mapping[str, Any]) -> int:
    """Returns the Content-Length, or 0 if it is not a number; then nothing is read."""
    said = str(headers.get("CONTENT_LENGTH") or "0")
    return int(said[:20]) if said.isascii() and said.isdecimal() else 0


class StrictJSONParser(BaseParser):
    """The parser of every API view; a view that takes larger bodies sets `max_body`."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        context = parser_context or {}
        length = content_length(context["request"].META)
        return loads(read(stream, length, getattr(context["view"], "max_body", MAX_BYTES)))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) != len(pairs):
        raise ValueError("duplicate key")
    return parsed


def _check(parsed: Any) -> None:
    level = [parsed]
    for _depth in range(MAX_DEPTH + 1):
        for value in level:
            if isinstance(value, str):
                check_text(value)
        containers = [value for value in level if isinstance(value, dict | list)]
        level = [part for value in containers for part in _parts(value)]
        if not level:
            return
    raise Malformed(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _parts(value: dict[str, Any] | list[Any]) -> list[Any]:
    return [*value.keys(), *value.values()] if isinstance(value, dict) else value


def check_text(value: str) -> None:
    """Raises Malformed for text that a store cannot hold."""
    if "\0" in value or not _encodes(value):
        raise Malformed("The text contains a NUL or an unpaired surrogate.")


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
