"""A worker's end of its two pipes: a request a line comes in, an answer a line goes out."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any


class Channel:
    """requests and answers: inherited file descriptors. They are not passed on to what the tests start."""

    def __init__(self, requests: int, answers: int) -> None:
        os.set_inheritable(requests, False)
        os.set_inheritable(answers, False)
        self._requests = os.fdopen(requests, encoding="utf-8")
        self._answers = os.fdopen(answers, "w", encoding="utf-8")

    def read(self) -> dict[str, Any] | None:
        """The next request, waited for; None when there will be none any more."""
        line = self._requests.readline()
        if not line:
            return None
        request: dict[str, Any] = json.loads(line)
        return request

    def send(self, answer: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody is left to tell; the next read says so
            self._answers.write(json.dumps(answer) + "\n")
            self._answers.flush()
