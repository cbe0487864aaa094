"""Who imports whom among our own modules."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path


def modules(root: Path, apps: tuple[str, ...]) -> dict[str, Path]:
    """The modules of these apps by their dotted names, without tests and migrations."""
    found = {}
    for app in apps:
        for path in (root / app).rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            if not {"tests", "migrations", "conftest"}.intersection(parts):
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(name: str, among: Mapping[str, Path], *, types: bool) -> set[str]:
    """Those of the modules that one imports, wherever in the file; `types` also those for mypy alone."""
    found = set()
    for module in _named(ast.parse(among[name].read_text()), types=types):
        while module and module not in among:
            module = module.rpartition(".")[0]
        found.add(module)
    return found - {name, ""}


def _named(node: ast.AST, *, types: bool) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not types:
        for other in node.orelse:
            yield from _named(other, types=types)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _named(child, types=types)


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules that import one another in this order, ending with the first; empty where there are none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []
