"""JSON Schema made from types."""

from datetime import date
from typing import Annotated, Generic, Literal, NotRequired, TypedDict, TypeVar

from drf_spectacular.plumbing import ComponentRegistry

from lessons.api.schemas import schema_of
from lessons.json_types import Keywords

Item = TypeVar("Item")


class PetJson(TypedDict):
    """An animal."""

    name: Annotated[str, Keywords(maxLength=9), "What it is called."]
    born: NotRequired[date | None]


class Shelf(TypedDict, Generic[Item]):
    items: list[Item]
    size: int


def test_a_typed_dict_is_a_closed_component() -> None:
    registry = ComponentRegistry()
    assert schema_of(PetJson, registry) == {"$ref": "#/components/schemas/Pet"}
    assert registry["Pet", "schemas"].schema == {
        "type": "object",
        "description": "An animal.",
        "properties": {
            "name": {"type": "string", "maxLength": 9, "description": "What it is called."},
            "born": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        },
        "required": ["name"],
        "additionalProperties": False,
    }


def test_a_generic_one_is_written_out() -> None:
    assert schema_of(Shelf[PetJson], ComponentRegistry()) == {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
            "size": {"type": "integer"},
        },
        "required": ["items", "size"],
        "additionalProperties": False,
    }


def test_a_type_in_the_keywords_replaces_the_schema() -> None:
    hint = Annotated[float, Keywords(type="number", maximum=1)] | Literal[""]
    assert schema_of(hint, ComponentRegistry()) == {
        "anyOf": [{"type": "number", "maximum": 1}, {"type": "string", "enum": [""]}]
    }
