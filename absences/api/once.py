"""Does the work of a request once, however often the request comes with the same `Idempotency-Key`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from lessons.api.idempotency import Repeatable, Repeated
from lessons.models import Amendment, User


class Once:
    """
    with once: do(around=once.around)
    return once.response()

    Without the header the work is simply done. `answer` makes the JSON from what was appended.
    """

    def __init__(self, request: Request, user: User, now: datetime, answer: Callable[[list[Amendment]], Any]) -> None:
        self._answer, self._said, self._again = answer, None, False
        key = request.headers.get("Idempotency-Key")
        asked = (request.method, request.path, request.data)
        self._repeatable = None if key is None else Repeatable.of(user.pk, key, *asked, now=now)

    @contextmanager
    def around(self, made: list[Amendment]) -> Iterator[None]:
        """Surrounds the work, within its transaction."""
        if self._repeatable:
            self._repeatable.claim()
        yield
        self._said = json.loads(JSONRenderer().render(self._answer(made)))
        if self._repeatable:
            self._repeatable.keep(self._said)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        self._again = kind is Repeated
        return self._again

    def response(self) -> Response:
        """Returns the answer. Raises Unprocessable if the key was used for something else."""
        if self._again and self._repeatable:
            return Response(self._repeatable.answer(), 201, headers={"Idempotent-Replayed": "true"})
        return Response(self._said, 201)
