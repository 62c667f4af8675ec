"""One benchmark in several workers: they begin alike, and what one of them cannot do is the benchmark's failure."""

from __future__ import annotations

from typing import Any

import pytest

from opbench.gate.decision.failures import BenchmarkFailure
from opbench.gate.pool.lockstep import begin, finish, take_slice
from opbench.gate.pool.worker_handle import RequestRefusedError, WorkerCrashError

PASSED, WRONG = {"outcome": "passed", "message": ""}, {"outcome": "failed", "message": "assert 3 == 4"}


def ready(mode: str = "") -> dict[str, Any]:
    return {"ready": {"seconds": 1e-3, "whole_s": None, "launch_mode": mode}}


class Worker:
    """Answers from a script, where an exception is raised. asked: what it was."""

    def __init__(self, name: str, *script: Any) -> None:
        self.name, self.script = name, [*script]
        self.asked: list[Any] = []

    def __str__(self) -> str:
        return self.name

    def send(self, request: Any) -> None:
        self.asked.append(request)

    def receive(self) -> Any:
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def take_slice(self, *given: Any) -> Any:
        self.asked.append(given)
        return self.receive()


def test_graph_replays_are_not_compared_with_launches() -> None:
    one, two = Worker("base", ready("graph")), Worker("head", ready("launch"), ready("launch"))
    one.script.append(ready("launch"))
    told = begin([one, two], "it")  # type: ignore[list-item]
    assert [warm_up["launch_mode"] for warm_up in told] == ["launch", "launch"]
    assert one.asked == two.asked == [{"begin": "it"}, {"launches": {}}]

    alike = [Worker("base", ready("graph")), Worker("head", ready("graph"))]
    begin(alike, "it")  # type: ignore[arg-type]
    assert alike[0].asked == [{"begin": "it"}]


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        ({"finished": PASSED}, "empty", "head: the test passed without having called benchmark"),
        ({"finished": WRONG}, "failed", "head: assert 3 == 4"),
        (WorkerCrashError("its process exited with code 3"), "crashed", "head: its process exited with code 3"),
        (RequestRefusedError("no pytest"), "crashed", "head: no pytest"),
    ],
)
def test_a_benchmark_that_one_worker_cannot_begin_has_failed_once_all_have_answered(
    answer: Any, kind: str, reason: str
) -> None:
    workers = [Worker("base", ready()), Worker("head", answer), Worker("last", ready())]
    with pytest.raises(BenchmarkFailure) as failed:
        begin(workers, "it")  # type: ignore[arg-type]
    assert (failed.value.benchmark, failed.value.kind) == ("it", kind)
    assert failed.value.reason.startswith(reason)
    assert [worker.script for worker in workers] == [[], [], []]


@pytest.mark.parametrize(("answer", "kind"), [(WorkerCrashError("it hung"), "crashed"), (WRONG, "failed")])
def test_a_test_that_ends_within_a_slice_has_failed(answer: Any, kind: str) -> None:
    with pytest.raises(BenchmarkFailure) as failed:
        take_slice(Worker("base", answer), "it", None, (0, 1, None))  # type: ignore[arg-type]
    assert failed.value.kind == kind


def test_a_test_that_fails_when_its_slices_are_taken_has_failed_all_the_same() -> None:
    finish([Worker("base", {"finished": PASSED})], "it")  # type: ignore[list-item]
    with pytest.raises(BenchmarkFailure, match="it failed: base: assert 3 == 4"):
        finish([Worker("base", {"finished": WRONG})], "it")  # type: ignore[list-item]
