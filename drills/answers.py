"""The reporters' own record, outside the stores: what was acknowledged, when, and how long each answer took."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Answer:
    accepted: bool
    at: float  # on the clock that all processes share
    seconds: float
    report_id: str


def read(folder: Path) -> list[Answer]:
    return sorted(_answers(folder), key=lambda answer: answer.at)


def _answers(folder: Path) -> Iterator[Answer]:
    for path in folder.glob("journal-*"):
        for line in path.read_text().splitlines():
            accepted, at, seconds, report_id = line.split()
            yield Answer(accepted == "1", float(at), float(seconds), report_id)


def acknowledged(answers: Iterable[Answer]) -> set[str]:
    return {answer.report_id for answer in answers if answer.accepted}


def longest_gap(answers: Iterable[Answer]) -> float:
    """Returns the longest time, in seconds, without any acknowledgement."""
    times = [answer.at for answer in answers if answer.accepted]
    return max((later - earlier for earlier, later in pairwise(times)), default=float("inf"))


def longest(answers: Iterable[Answer], accepted: bool) -> float:
    return max((answer.seconds for answer in answers if answer.accepted == accepted), default=0.0)
