"""Ask several workers at a time, and receive every answer, whichever of them fails meanwhile."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeAlias

from opbench.gate.pool.worker_handle import RequestRefusedError, WorkerCrashError, WorkerHandle

Answer: TypeAlias = "dict[str, Any] | WorkerCrashError | RequestRefusedError"


def fan_out(requests: Iterable[tuple[WorkerHandle, dict[str, Any]]]) -> Iterator[tuple[WorkerHandle, Answer]]:
    """Each worker's answer to its request, in the order given; what its `ask` would have raised stands for one.

    As many work at once as there are cores: more would finish no sooner, and take each other's caches while they warm
    up. `requests` is consumed as places become free, so it may start the workers. Exhaust it: an answer left in its
    pipe would be taken for the next one.
    """
    remaining = iter(requests)
    in_flight: deque[tuple[WorkerHandle, Answer | None]] = deque()
    places = os.cpu_count() or 1
    while True:
        for worker, request in islice(remaining, places - len(in_flight)):
            in_flight.append((worker, _or_failure(worker.send, request)))
        if not in_flight:
            return
        worker, failure = in_flight.popleft()
        yield worker, failure or _or_failure(worker.receive)


def _or_failure(step: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return step(*arguments)
    except (WorkerCrashError, RequestRefusedError) as exc:
        return exc
