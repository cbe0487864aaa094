"""The order of the packages: each imports only those listed before it, and nothing imports in a circle."""

from pathlib import Path

import pytest

from attendance_site.tests.imports import circle, imports, modules

ROOT = Path(__file__).resolve().parents[2]
APPS = ("lessons", "absences", "stats", "attendance_site", "dev")

ORDER = {
    "lessons": (
        *("", "codes", "calendar", "models", "registers", "database", "accounts", "imports", "api", "admin"),
        *("admin_site", "apps", "authentication", "factories", "management", "templatetags"),
    ),
    "absences": (
        *("store", "reporting", "registers", "repair", "web", "taking", "office", "pupil", "api", "doors"),
        *("api_urls", "urls", "apps", "management"),
    ),
}
MODULES = modules(ROOT, APPS)


def rank(name: str) -> tuple[int, int]:
    """Where a module stands: its app, and in that its package. The leaves of `lessons` are files beside the
    packages."""
    app, _, rest = name.partition(".")
    order, package = ORDER.get(app, ()), rest.partition(".")[0]
    return APPS.index(app), order.index(package if package in order else "") if order and rest else -1


@pytest.mark.parametrize("app", APPS)
def test_imports_go_down(app: str) -> None:
    """Also those for types alone."""
    upwards = [
        f"{name} imports {other}"
        for name in MODULES
        if name.split(".")[0] == app
        for other in imports(name, MODULES, types=True)
        if rank(other) > rank(name)
    ]
    assert upwards == []


def test_leaves_are_found() -> None:
    """They import no package, since all packages come after them."""
    assert {rank(f"lessons.{name}") for name in ("errors", "roles", "prepared", "converters")} == {(0, 0)}


def test_nothing_imports_in_a_circle() -> None:
    assert circle({name: imports(name, MODULES, types=False) for name in MODULES}) == []


def test_only_models_know_each_other_by_type() -> None:
    """A school names its users, and a user the school."""
    models = {name for name in MODULES if name.startswith("lessons.models")}
    graph = {name: imports(name, MODULES, types=True) for name in MODULES}
    assert circle({name: found - models if name in models else found for name, found in graph.items()}) == []


def test_every_package_has_its_place() -> None:
    """One that nobody put into the order would be taken for a leaf, or found nowhere."""
    for app, order in ORDER.items():
        packages = {path.parent.name for path in (ROOT / app).glob("*/__init__.py")} - {"migrations", "tests"}
        assert packages <= set(order), app


@pytest.mark.parametrize(
    ("source", "types", "found"),
    [
        ("from lessons.api import views", True, {"lessons.api.views"}),
        ("import lessons.api.views", True, {"lessons.api.views"}),
        ("from lessons.api.views import SchoolsView", True, {"lessons.api.views"}),
        ("def look():\n    from lessons.api import views", True, {"lessons.api.views"}),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lessons.api import views",
            True,
            {"lessons.api.views"},
        ),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lessons.api import views", False, set()),
    ],
)
def test_an_import_is_found_however_it_is_written(source: str, types: bool, found: set[str], tmp_path: Path) -> None:
    (tmp_path / "low.py").write_text(source)
    assert imports("low", MODULES | {"low": tmp_path / "low.py"}, types=types) == found


def test_a_circle_is_found() -> None:
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}
