"""A test that waits inside its `benchmark(...)`: which requests it answers meanwhile, and which nobody can."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from opbench.errors import UsageError
from opbench.gate.worker import plugin
from opbench.gate.worker.plugin import WorkerPlugin
from opbench.gate.worker.protocol import Connection, WorkerConfig
from opbench.gate.worker.timer import SetupTimer

CONFIG = WorkerConfig("tree", ("bench",), None, "cpu", 1, (), "scratch", "log")


class Gate:
    """The other end: its requests are written before, its answers read afterwards."""

    def __init__(self, *requests: dict[str, Any]) -> None:
        (theirs, ours), (self._read, answers) = os.pipe(), os.pipe()
        os.write(ours, "".join(json.dumps(request) + "\n" for request in requests).encode())
        os.close(ours)
        self.connection = Connection(theirs, answers)

    def answers(self) -> list[dict[str, Any]]:
        self.connection._requests.close()
        self.connection._answers.close()
        with os.fdopen(self._read) as file:
            return [json.loads(line) for line in file]


@pytest.fixture
def gone() -> Iterator[Connection]:
    """To a gate that asks nothing."""
    gate = Gate()
    yield gate.connection
    assert gate.answers() == []


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm-up and slices that time nothing, and an end that is not this process's."""

    def ended(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", ended)
    monkeypatch.setattr(plugin, "warm_up", lambda *_: {"ready": {}})
    monkeypatch.setattr(plugin, "taken_slice", lambda _, **about: about)


def test_a_benchmark_at_work_gives_slices_until_it_may_finish_and_refuses_all_else() -> None:
    gate = Gate({"slice": {"calls": 3}}, {"list": {}}, {"launches": {}}, {"slice": {"calls": 5}}, {"finish": {}})
    WorkerPlugin(gate.connection, CONFIG)._wait_for_slices(print)
    ready, first, *refused, last = gate.answers()
    assert (ready, first, last) == ({"ready": {}}, {"slice": {"calls": 3}}, {"slice": {"calls": 5}})
    assert [one["refused"] for one in refused] == [
        f"a benchmark is at work and waits for slices, not ['{request}']" for request in ("list", "launches")
    ]


def test_a_gate_that_is_gone_is_the_end_of_the_worker() -> None:
    gate = Gate({"slice": {}})
    with pytest.raises(SystemExit) as exit_:
        WorkerPlugin(gate.connection, CONFIG)._wait_for_slices(print)
    assert exit_.value.code == 0
    assert gate.answers() == [{"ready": {}}, {"slice": {}}]


def test_what_its_device_cannot_time_is_an_error_of_the_test(gone: Connection) -> None:
    on_gpu = WorkerConfig("tree", ("bench",), None, "cuda", 1, (), "scratch", "log")
    with pytest.raises(NotImplementedError, match="pedantic with a setup or teardown is timed on the CPU only"):
        WorkerPlugin(gone, on_gpu)._wait_for_slices(print, SetupTimer(lambda: ((), {}), None))
    elsewhere = WorkerConfig("tree", ("bench",), None, "tpu", 1, (), "scratch", "log")
    with pytest.raises(UsageError, match="no device 'tpu'"):
        WorkerPlugin(gone, elsewhere)._wait_for_slices(print)


def raising(**_: object) -> None:
    raise ValueError("a plugin of theirs\nand more")


def test_what_nobody_can_run_or_answer_is_told_and_the_next_request_is_waited_for(gone: Connection) -> None:
    served = WorkerPlugin(gone, CONFIG)
    assert served._answer({"begin": "nowhere"}) == {
        "finished": {"outcome": "error", "message": "no benchmark of that name was collected"},
        "called": False,
    }
    hook = SimpleNamespace(pytest_runtest_protocol=raising)
    served._items = {"it": SimpleNamespace(config=SimpleNamespace(hook=hook))}
    assert served._answer({"probe": "it"})["finished"]["message"] == "ValueError: a plugin of theirs"
    assert served._answer({"finish": {}}) == {"refused": "no benchmark is at work that could answer ['finish']"}
