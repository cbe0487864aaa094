"""The shape of the house: one way to complete a lesson, one client of MongoDB. `test_packages.py` has the order."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("lessons", "absences", "stats", "attendance_site", "dev")  # each may import those before it, and itself


def modules(app: str) -> Iterator[Path]:
    return (path for path in (ROOT / app).rglob("*.py") if "tests" not in path.relative_to(ROOT).parts)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


class Uses(ast.NodeVisitor):
    """Who uses a name of ours: (the name in full, the file and function that use it), however it was imported."""

    def __init__(self, path: Path) -> None:
        self.file = path.relative_to(ROOT)
        self.module = ".".join(self.file.with_suffix("").parts)
        self.known: dict[str, str] = {}
        self.inside: list[str] = []
        self.found: set[tuple[str, str]] = set()
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.known[node.name] = f"{self.module}.{node.name}"
        self.visit(tree)

    def visit_Import(self, node: ast.Import) -> None:
        self.known |= {alias.asname: alias.name for alias in node.names if alias.asname}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        self.found |= {(f"{node.module}.{alias.name}", self.place) for alias in node.names if alias.name != "*"}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.inside.append(node.name)
        self.generic_visit(node)
        self.inside.pop()

    def visit_Name(self, node: ast.Name) -> None:
        self.found.add((self.known.get(node.id, node.id), self.place))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        parts = ast.unparse(node).split(".")
        self.found.add((".".join([self.known.get(parts[0], parts[0]), *parts[1:]]), self.place))

    @property
    def place(self) -> str:
        return f"{self.file}:{self.inside[0] if self.inside else ''}"


def users_of(name: str) -> set[str]:
    return {place for app in APPS for path in modules(app) for used, place in uses(path) if used == name}


@cache
def uses(path: Path) -> set[tuple[str, str]]:
    return Uses(path).found


@pytest.mark.parametrize(
    ("step", "users"),
    [
        ("absences.store.transitions.fence", {"absences/registers/closing.py:fence"}),
        ("absences.store.transitions.close", {"absences/registers/closing.py:_close_sheets"}),
        ("absences.registers.merging.merge", {"absences/registers/closing.py:_merge"}),
        (
            "absences.registers.closing.fence",
            {
                *("absences/registers/completion.py:_begun", "absences/registers/completion.py:_close_left_open"),
                *("absences/registers/closing.py:cancel", "absences/registers/closing.py:close_beside"),
            },
        ),
        (
            "absences.registers.closing.close",
            {
                *("absences/registers/completion.py:complete_all", "absences/registers/completion.py:_close_left_open"),
                *(
                    "absences/registers/closing.py:close",
                    "absences/registers/closing.py:cancel",
                    "absences/registers/closing.py:close_beside",
                ),
                *("absences/repair/reconcile.py:_close", "absences/repair/restore.py:_bring_back"),
            },
        ),
        ("absences.registers.completion._begun", {"absences/registers/completion.py:complete_all"}),
        (
            "absences.registers.completion.authorise",
            {"absences/registers/completion.py:_begun", "absences/doors/register.py:complete"},
        ),
    ],
)
def test_one_function_completes_lessons(step: str, users: set[str]) -> None:
    """Whoever would go round `completion.complete_all` needs one of these steps."""
    assert users_of(step) == users


@pytest.mark.parametrize(
    "source",
    [
        "from absences.registers import closing\ndef view(): closing.close([])",
        "from absences.registers import closing as f\ndef view(): f.close([])",
        "from absences.registers.closing import close as f\ndef view(): f([])",
        "import absences.registers.closing\ndef view(): absences.registers.closing.close([])",
        "import absences.registers.closing as f\ndef view(): return f.close",
        "def view():\n    from absences.registers.closing import close\n    close([])",
    ],
)
def test_however_it_is_imported(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "view.py").write_text(source)
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert ("absences.registers.closing.close", "view.py:view") in Uses(tmp_path / "view.py").found


def test_one_module_makes_the_mongo_client() -> None:
    """Nor does anybody else weaken one of its handles."""
    handles = ("MongoClient(", "with_options(", "WriteConcern(", "ReadConcern(")
    makers = {
        path.relative_to(ROOT).as_posix()
        for app in APPS
        for path in modules(app)
        if any(handle in path.read_text() for handle in handles)
    }
    assert makers == {"absences/store/mongo.py", "dev/mongod.py"}, "dev/mongod.py starts the server, and asks it before"


def test_reporting_knows_no_sql() -> None:
    """What a report passes through imports neither models nor Django's ORM when it runs."""
    for name in (
        "absences/reporting/parse.py",
        "absences/reporting/service.py",
        "absences/store/reports.py",
        "absences/store/sheets.py",
        "absences/store/mongo.py",
    ):
        found = imported(ROOT / name)
        assert not {each for each in found if each.startswith(("lessons.models", "django.db"))}, name


def test_absences_owns_no_table_and_stats_only_reads() -> None:
    assert not (ROOT / "absences" / "models.py").exists()
    assert not (ROOT / "stats" / "models.py").exists()
    for path in modules("stats"):
        text = path.read_text()
        for writing in (".save(", "bulk_create(", "update_one(", "insert_", "delete_", "bulk_write("):
            assert writing not in text, f"{path.name} writes"


HANDLES = ("sheets", "orphans", "revocations", "client", "database", "answering")  # of absences/store/mongo.py
OF_THE_STORE = {f"absences.store.mongo.{name}" for name in HANDLES}


def test_only_the_store_talks_to_mongodb() -> None:
    for app in ("lessons", "absences", "stats", "attendance_site"):
        for path in modules(app):
            if path.is_relative_to(ROOT / "absences" / "store") or path.name == "conftest.py":
                continue
            driver = {name for name in imported(path) if name.split(".")[0] in ("pymongo", "bson", "gridfs")}
            assert not driver, f"{path.relative_to(ROOT)} imports {driver}"
            called = {name for name, _ in uses(path) if name in OF_THE_STORE}
            assert not called, f"{path.relative_to(ROOT)} uses {called}"
