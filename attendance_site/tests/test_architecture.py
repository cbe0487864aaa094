"""The shape of the house: which app may import which, and where the drivers are."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("lessons", "absences", "stats", "attendance_site")  # each may import those before it, and itself


def modules(app: str) -> Iterator[Path]:
    return (path for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("app", APPS)
def test_imports_go_one_way(app: str) -> None:
    later = APPS[APPS.index(app) + 1 :]
    for path in modules(app):
        wrong = {name for name in imported(path) if name.split(".")[0] in later}
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_one_module_makes_the_mongo_client() -> None:
    """Nor does anybody else weaken one of its handles."""
    handles = ("MongoClient(", "with_options(", "WriteConcern(", "ReadConcern(")
    makers = {
        path.relative_to(ROOT).as_posix()
        for app in APPS
        for path in modules(app)
        if any(handle in path.read_text() for handle in handles)
    }
    assert makers == {"absences/mongo.py", "absences/devmongo.py"}, "devmongo starts the server, and asks it before"


def test_reporting_knows_no_sql() -> None:
    """What a report passes through imports neither models nor Django's ORM when it runs."""
    for name in ("marks", "reporting", "sheets", "mongo"):
        found = imported(ROOT / "absences" / f"{name}.py")
        assert not {each for each in found if each.startswith(("lessons.models", "django.db"))}, name


def test_absences_owns_no_table_and_stats_only_reads() -> None:
    assert not (ROOT / "absences" / "models.py").exists()
    assert not (ROOT / "stats" / "models.py").exists()
    for path in modules("stats"):
        text = path.read_text()
        for writing in (".save(", "bulk_create(", "update_one(", "insert_", "delete_", "bulk_write("):
            assert writing not in text, f"{path.name} writes"
