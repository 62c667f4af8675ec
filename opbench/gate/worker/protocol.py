"""What passes between the gate and a worker: its configuration at the start, then requests and answers, one a line.

    begin    set up the fixtures, run the test up to `benchmark(...)`, warm up        -> ready, or finished
    launches the same warm-up by launches, where another worker replays a graph       -> ready
    slice    take samples                                                             -> slice, or finished
    finish   let the test go on, to its own assertions and the fixtures' teardown     -> finished
    probe    all of it with one call and no clock                                     -> finished
    list     benchmarks, collection problems, environment                             -> those
    collected                                                                         -> collection problems
    modules  what it imported from where it should not, what may be preloaded         -> those

Any request may be answered by `refused`, with the reason.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class WorkerConfig:
    """What a worker is given when it is started, as one JSON word of its command.

    tree: the side's checkout, where the worker runs.
    paths, keyword: pytest's, from there.
    device, threads: what it measures on; threads are those of numeric libraries.
    foreign: folders whose modules must not turn up in the worker, unless they are the tree's: the user's repository
        and the other side.
    scratch: a folder for what pytest wants to keep.
    log: where its output goes.
    """

    tree: str
    paths: tuple[str, ...]
    keyword: str | None
    device: str
    threads: int
    foreign: tuple[str, ...]
    scratch: str
    log: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields = json.loads(text)
        return cls(**fields | {name: tuple(fields[name]) for name in ("paths", "foreign")})


class Connection:
    """A worker's end of its two pipes.

    requests, answers: inherited file descriptors. They are not passed on to what the tests start.
    """

    def __init__(self, requests: int, answers: int) -> None:
        os.set_inheritable(requests, False)
        os.set_inheritable(answers, False)
        self._requests = os.fdopen(requests, encoding="utf-8")
        self._answers = os.fdopen(answers, "w", encoding="utf-8")

    def receive(self) -> dict[str, Any] | None:
        """The next request, waited for; None when there will be none any more."""
        line = self._requests.readline()
        if not line:
            return None
        request: dict[str, Any] = json.loads(line)
        return request

    def send(self, answer: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody is left to read it; the next `receive` says so
            self._answers.write(json.dumps(answer) + "\n")
            self._answers.flush()
