"""The documentation is right: its links, paths, commands and settings exist."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {"node_modules", "var"}
FOLDERS = [path for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in NOT_OURS]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in folder.rglob("*.md"))])

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))

FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
VARIABLE = re.compile(r"""(?:\benv\.\w+|\bgiven|environ\.get)\(\s*["']([A-Z][A-Z0-9_]+)["']""")


def code_in(document: Path) -> list[str]:
    """Returns the lines of a document's code blocks, and its inline code."""
    text = document.read_text()
    blocks = [line for block in FENCED.findall(text) for line in block.splitlines()]
    return blocks + INLINE.findall(FENCED.sub("", text))


def links_in(document: Path) -> Iterator[tuple[Path, str]]:
    """Yields the file and the heading of each link within the repository."""
    text = INLINE.sub("", FENCED.sub("", document.read_text()))
    for link in LINK.findall(text):
        if not re.match(r"[a-z]+:", link):
            path, _, anchor = link.partition("#")
            yield (document.parent / path).resolve() if path else document, anchor


def anchors_in(document: Path) -> set[str]:
    """Returns a document's headings as GitHub names them in addresses."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def found_in_code(pattern: str) -> set[str]:
    return {found for document in DOCUMENTS for line in code_in(document) for found in re.findall(pattern, line)}


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, anchor in links_in(document):
        assert path.exists(), path
        assert not anchor or anchor in anchors_in(path), f"{path.name}#{anchor}"


@each_document
def test_a_link_named_after_a_file_leads_to_that_file(document: Path) -> None:
    for name, path in re.findall(r"\[([\w.-]+\.[a-z]+)\]\(([^)\s#]+)", document.read_text()):
        assert name == Path(path).name


@each_document
def test_every_path_exists(document: Path) -> None:
    folders = "|".join(path.name for path in FOLDERS)
    for code in code_in(document):
        for path in re.findall(rf"(?<![\w./-])(?:{folders})/[\w./-]+", code):
            assert (ROOT / path).exists(), path


def test_every_picture_is_shown() -> None:
    shown = {path for document in DOCUMENTS for path, _ in links_in(document) if path.suffix == ".png"}
    assert shown == set((ROOT / "docs/images").iterdir())


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_index_names_every_page() -> None:
    index = ROOT / "docs/README.md"
    assert {path for path, _ in links_in(index)} | {index} == set(DOCUMENTS)


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = found_in_code(r"\bmake ([a-z-]+)")
    assert {"run", "test"} <= named
    assert named - targets == set()


def test_every_module_that_is_run_exists() -> None:
    named = found_in_code(r"\bpython3? -m ([\w.]+)")
    assert "drills.completion" in named
    assert {name for name in named if find_spec(name) is None} == set()


def test_every_command_and_its_options_exist() -> None:
    known = get_commands()
    called = {tuple(line.split()) for line in found_in_code(r"\bmanage\.py ([a-z_]+(?: [\w<>-]+)*)")}
    assert ("reconcile", "--verify") in called
    for name, *options in called:
        app = known[name]
        parser = (load_command_class(app, name) if isinstance(app, str) else app).create_parser("manage.py", name)
        for option in options:
            assert not option.startswith("--") or option in parser._option_string_actions, f"{name} {option}"


def variables_read() -> set[str]:
    """Returns the environment variables that the product reads."""
    modules = (path for folder in FOLDERS for path in folder.rglob("*.py") if "tests" not in path.parts)
    return {name for path in modules for name in VARIABLE.findall(path.read_text())}


def test_every_setting_stands_in_the_table() -> None:
    table = re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    read = variables_read()
    assert len(read) >= 15
    assert sorted(table) == sorted(read)
