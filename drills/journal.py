"""A record of acknowledgements outside the stores, written by the processes that receive them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Journal:
    """A process's file, one JSON object per line. Each line is written before the next step, so that it survives a
    kill."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **entry: Any) -> None:
        line = (json.dumps(entry, default=str) + "\n").encode()
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, line)
        finally:
            os.close(file)

    def read(self) -> list[Entry]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]


def entries(folder: Path) -> Iterator[Entry]:
    """Returns everything that the processes of a run wrote."""
    for path in sorted(folder.glob("*.jsonl")):
        yield from Journal(path).read()
