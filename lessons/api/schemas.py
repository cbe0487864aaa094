"""JSON Schema of the types that the API answers with."""

from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent, resolve_type_hint

from lessons.json_types import Keywords

Schema = dict[str, Any]


def schema_of(hint: Any, registry: ComponentRegistry) -> Schema:
    """Returns the schema of a type, or of an object given by the types of its fields.

    A TypedDict becomes a component, named without its `Json`. Objects are closed (`additionalProperties: false`), so
    that the fuzzer fails on a field without a description. Everything else is left to drf-spectacular.
    """
    origin, args = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        return _component(hint, registry)
    if is_typeddict(origin):  # a generic one, such as `Page[GroupJson]`
        fields = get_type_hints(origin, include_extras=True)
        given = {name: _with_arguments(field, args) for name, field in fields.items()}
        return _closed(given, origin.__required_keys__, registry)
    if isinstance(hint, Mapping):
        return _closed(hint, hint, registry)
    if origin is Annotated:
        return _annotated(args[0], hint.__metadata__, registry)
    if origin in (Union, UnionType):
        return {"anyOf": [schema_of(each, registry) for each in args]}
    if origin is list:
        return {"type": "array", "items": schema_of(args[0], registry)}
    if origin is Mapping:
        return {"type": "object"}
    return {"type": "null"} if hint is NoneType else dict(resolve_type_hint(hint))  # type: ignore[no-untyped-call]


def _component(hint: Any, registry: ComponentRegistry) -> Schema:
    schema = _closed(get_type_hints(hint, include_extras=True), hint.__required_keys__, registry)
    if hint.__doc__:
        schema["description"] = " ".join(hint.__doc__.split())
    name = hint.__name__.removesuffix("Json")
    component = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, hint)  # type: ignore[no-untyped-call]
    registry.register_on_missing(component)
    return dict(component.ref)


def _closed(fields: Mapping[str, Any], required: Iterable[str], registry: ComponentRegistry) -> Schema:
    types = {name: get_args(hint)[0] if get_origin(hint) is NotRequired else hint for name, hint in fields.items()}
    return {
        "type": "object",
        "properties": {name: schema_of(hint, registry) for name, hint in types.items()},
        "required": [name for name in fields if name in set(required)],
        "additionalProperties": False,
    }


def _annotated(hint: Any, notes: Iterable[str | Keywords], registry: ComponentRegistry) -> Schema:
    """Returns the schema of the type with the notes of its `Annotated`: keywords, or a description."""
    schema = schema_of(hint, registry)
    for note in notes:
        added = note.keywords if isinstance(note, Keywords) else {"description": note}
        schema = added if "type" in added else schema | added
    return schema


def _with_arguments(field: Any, args: tuple[Any, ...]) -> Any:
    return field[args] if getattr(field, "__parameters__", ()) else field
