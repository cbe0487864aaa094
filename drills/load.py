"""Requests at a steady rate, however slow the answers: a client that waits for each answer would hide the delays."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from dev.processes import LOOPBACK

PATIENCE = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Answer:
    status: int  # 0 if there was none
    retry_after: str | None
    began: float
    seconds: float


@dataclass(frozen=True)
class Door:
    """The product at a port."""

    port: int

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> Answer:
        began = monotonic()
        status, retry_after = 0, None
        try:
            with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE)) as link:
                link.request(method, path, json.dumps(body) if body else None, headers or {})
                response = link.getresponse()
                response.read()
                status, retry_after = response.status, response.headers["Retry-After"]
        except (OSError, http.client.HTTPException):
            pass
        return Answer(status, retry_after, began, monotonic() - began)


@contextmanager
def steadily(a_second: float, ask: Callable[[int], Answer]) -> Iterator[list[Answer]]:
    """Calls `ask` with 0, 1, 2 and so on at this rate while the block runs. Yields a list that holds all answers
    afterwards."""
    answers: list[Answer] = []
    asked: list[Future[Answer]] = []
    stopped = threading.Event()
    with ThreadPoolExecutor(max_workers=int(a_second * PATIENCE)) as pool:

        def pace() -> None:
            began = monotonic()
            while not stopped.wait(max(0.0, began + len(asked) / a_second - monotonic())):
                asked.append(pool.submit(ask, len(asked)))

        pacer = threading.Thread(target=pace)
        pacer.start()
        try:
            yield answers
        finally:
            stopped.set()
            pacer.join()
    answers += [each.result() for each in asked]


def spread(answers: Sequence[Answer]) -> str:
    """Describes how long the answers took, in milliseconds."""
    took = sorted(answer.seconds * 1000 for answer in answers)
    if not took:
        return "none"
    middle, high = took[len(took) // 2], took[min(len(took) * 99 // 100, len(took) - 1)]
    return f"p50 {middle:.0f} ms, p99 {high:.0f} ms, max {took[-1]:.0f} ms"
