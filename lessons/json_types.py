"""JSON types that several packages share.

`Annotated` adds keywords of JSON Schema to a type, or a description; `lessons/api/schemas.py` reads both.
"""

from typing import Annotated, Any, NotRequired, TypedDict

from lessons.converters import MAX_ID


class Keywords:
    """Keywords of JSON Schema for `Annotated`. With a `type` they replace the schema of the annotated type."""

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords


Id = Annotated[int, Keywords(minimum=1, maximum=MAX_ID)]
Count = Annotated[int, Keywords(minimum=0)]
Jwt = Annotated[str, Keywords(pattern=r"^[\w-]+\.[\w-]+\.[\w-]+$")]


class Person(TypedDict):
    id: Id | None
    name: str
    position: str


class Tokens(TypedDict):
    access: Jwt
    refresh: NotRequired[Jwt]
    expires_in: NotRequired[Count]
