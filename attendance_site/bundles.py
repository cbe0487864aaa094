"""Joins small JavaScript modules, so that a browser asks for few files.

A script directly in an app's static folder (`absences/attendance.js`) is a file that browsers ask for. A module in a
folder below it (`absences/register/row.js`) is a part: it is sent inside the one script that imports it. People read
small modules more easily than one long one, but on a slow network each request costs a round trip.

The parts of a script share one scope, and run in the order in which a browser would run them as modules. Code that this
would change stops `collectstatic` with a `BundleError`.
"""

import posixpath
import re
from collections.abc import Callable, Iterable

IMPORT = re.compile(r'^import (?:(\{[^}]*\}) from )?"(\.[^"]+)";\n', re.MULTILINE)
REEXPORT = re.compile(r'^export (\{[^}]*\}) from "(\.[^"]+)";\n', re.MULTILINE)
DYNAMIC = re.compile(r'\bimport\("(\.[^"]+)"\)')
DECLARED = re.compile(r"^(export )?((?:async )?(?:class|const|function|let) ([\w$]+))", re.MULTILINE)
NOT_READ = re.compile(r"^(?:import\b(?!\()|export\b).*", re.MULTILINE)


class BundleError(Exception):
    """Modules that cannot be joined as they are written."""


def bundles(modules: Iterable[str], read: Callable[[str], str]) -> dict[str, str]:
    """Return the text of each script with its parts, by name; `read` gives the text of a module."""
    modules = sorted(modules)
    owners: dict[str, str] = {}
    texts: dict[str, str] = {}
    for script in modules:
        if is_part(script):
            continue
        bundle = Bundle(script, read)
        for part in bundle.parts:
            if part in owners:
                raise BundleError(f"{part} would be sent twice, in {owners[part]} and in {script}.")
            owners[part] = script
        texts[script] = bundle.text
    if unused := [module for module in modules if is_part(module) and module not in owners]:
        raise BundleError(f"No script imports {', '.join(unused)}.")
    return texts


def is_part(module: str) -> bool:
    return module.count("/") > 1


class Bundle:
    """A script and the parts that it imports, directly or through other parts."""

    def __init__(self, script: str, read: Callable[[str], str]) -> None:
        self._script, self._read = script, read
        self._open: list[str] = []  # modules whose imports are being added
        self._code: dict[str, str] = {}  # by module, in the order in which they run
        self._exported: dict[str, set[str]] = {}  # by module
        self._owners: dict[str, str] = {}  # by name: all share one scope
        self._outside: dict[str, set[str]] = {}  # by address: what is imported from other scripts
        self._reexported = [name for names, url in REEXPORT.findall(read(script)) for name in _names(names)]
        self._add(script)

    @property
    def parts(self) -> list[str]:
        return [module for module in self._code if module != self._script]

    @property
    def text(self) -> str:
        return "".join([*self._imports(), *self._code.values()])

    def _imports(self) -> Iterable[str]:
        for url, names in self._outside.items():
            yield f'import {{ {", ".join(sorted(names))} }} from "{url}";\n' if names else f'import "{url}";\n'

    def _add(self, module: str) -> None:
        if module in self._code:
            return
        if module in self._open:
            raise BundleError(f"{' imports '.join([*self._open, module])}.")
        self._open.append(module)
        text = IMPORT.sub(lambda found: self._import(module, found[1] or "", found[2]), self._read(module))
        if module == self._script:
            text = REEXPORT.sub(lambda found: self._reexport(found[0], found[1], found[2]), text)
        text = DYNAMIC.sub(lambda found: f'import("{self._url(module, found[1])}")', text)
        self._code[module] = self._declare(module, text)
        self._open.pop()

    def _import(self, module: str, binding: str, url: str) -> str:
        """Add what a statement imports; nothing is left of the statement where it stood."""
        target = _resolve(module, url)
        if is_part(target):
            self._add_part(target, binding)
            return ""
        names = _names(binding)
        self._outside.setdefault(self._url(module, url), set()).update(names)
        for name in names:
            self._own(name.split(" as ")[-1], target)
        return ""

    def _reexport(self, statement: str, binding: str, url: str) -> str:
        target = _resolve(self._script, url)
        if not is_part(target):
            return statement
        self._add_part(target, binding)
        return ""

    def _add_part(self, part: str, binding: str) -> None:
        self._add(part)
        if unknown := [name for name in _names(binding) if name not in self._exported[part]]:
            raise BundleError(f"{part} exports no {', '.join(unknown)}.")

    def _declare(self, module: str, text: str) -> str:
        """Return the text of a part without its exports, but for those that the script exports, too."""
        if unread := NOT_READ.search(DECLARED.sub(r"\2", text)):
            raise BundleError(f"{module}: this statement cannot be joined with others: {unread[0]}")
        declared = DECLARED.findall(text)
        self._exported[module] = {name for exported, _, name in declared if exported}
        for _, _, name in declared:
            self._own(name, module)
        if module == self._script:
            return text
        return DECLARED.sub(lambda found: found[0] if found[3] in self._reexported else found[2], text)

    def _own(self, name: str, owner: str) -> None:
        other = self._owners.setdefault(name, owner)
        if other != owner:
            raise BundleError(f"{name} of {owner} is also in {other}, and both are sent in {self._script}.")

    def _url(self, module: str, url: str) -> str:
        """Return the address of another script as the script itself would write it."""
        return "./" + posixpath.relpath(_resolve(module, url), posixpath.dirname(self._script))


def _resolve(module: str, url: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(module), url))


def _names(binding: str) -> list[str]:
    return [name.strip() for name in binding.strip("{}").split(",") if name.strip()]
