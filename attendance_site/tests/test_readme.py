"""The README says what is so."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def variables_read() -> set[str]:
    """Names of the environment variables that the settings, the local start and the server configuration read."""
    found: set[str] = set()
    settings = (f"attendance_site/{name}.py" for name in ("settings", "environment", "gunicorn_conf"))
    for path in (*settings, "dev/local.py"):
        text = (ROOT / path).read_text()
        found |= set(re.findall(r"""(?:env\.\w+|env|given|environment)\(\s*["']([A-Z][A-Z0-9_]+)["']""", text))
    return found


def test_every_setting_stands_in_the_readme() -> None:
    read = variables_read()
    assert len(read) >= 15
    assert {name for name in read if f"`{name}`" not in README} == set()


def test_the_readme_names_no_setting_that_is_gone() -> None:
    table = README.split("## Settings")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)`", table, re.MULTILINE))
    assert named - variables_read() == {"MONGOD"}, "read by dev/mongod.py"


def test_every_make_target_of_the_readme_exists() -> None:
    for target in set(re.findall(r"`?make ([a-z-]+)`?", README)):
        tried = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert "No rule" not in tried.stderr, target


def test_every_path_of_the_readme_exists() -> None:
    for path in re.findall(r"\]\(((?!https?:)[^)#]+)", README):
        assert (ROOT / path).exists(), path
