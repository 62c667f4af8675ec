"""A GPU's call cut along what the device does: dispatch, kinds of kernels, waiting; by scripted events."""

from __future__ import annotations

from typing import Any

import pytest

from opbench.measure.split.cuda_split import Kernel, SynchronizedCall, call_parts, read_call, split_cuda_calls
from opbench.measure.split.spans import Span

MUL, CAT = Span("aten::mul", 5, 15, correlation_id=7), Span("aten::cat", 16, 30, correlation_id=8)


def call(*kernels: Kernel, plain_ns: float = 100) -> SynchronizedCall:
    return SynchronizedCall(plain_ns, 0, 100, (MUL, CAT), kernels)


def parts(*kernels: Kernel) -> dict[str, float]:
    return {name: ns for name, ns in call_parts(call(*kernels)).items() if ns}


def test_until_the_first_kernel_it_is_dispatch_and_idle_is_waiting() -> None:
    found = parts(Kernel("k", 20, 50, 7), Kernel("k", 60, 90, 8))
    assert found == {"dispatch": 20, "elementwise": 30, "data movement": 30, "waiting": 20}


def test_kernels_that_overlap_count_once() -> None:
    found = parts(Kernel("k", 20, 50, 7), Kernel("k", 40, 60, 8), Kernel("k", 45, 55, 7))
    assert found == {"dispatch": 20, "elementwise": 30, "data movement": 10, "waiting": 40}
    assert sum(found.values()) == 100


def test_a_kernel_that_outlasts_the_call_counts_as_long_as_the_call_lasts() -> None:
    assert parts(Kernel("k", 90, 130, 7)) == {"dispatch": 90, "elementwise": 10}


def test_what_observing_adds_is_taken_out_of_dispatch() -> None:
    found = split_cuda_calls([call(Kernel("k", 40, 90, 7), plain_ns=80)])
    assert found is not None
    assert found.parts["dispatch"] == pytest.approx(20e-9)
    assert found.sum_s == pytest.approx(80e-9)


def test_but_never_more_than_there_is_of_it() -> None:
    found = split_cuda_calls([call(Kernel("k", 10, 90, 7), plain_ns=20)])
    assert found is not None
    assert found.parts["dispatch"] == 0
    assert found.sum_s == pytest.approx(90e-9)


def test_a_device_that_ran_nothing_is_no_split() -> None:
    assert split_cuda_calls([call()]) is None


class Event:
    """As the profiler's raw events look to us."""

    def __init__(self, name: str, start: int, end: int, sort: str, number: int = 0, linked: int = 0) -> None:
        self._values = (name, start, end, sort, number, linked)

    def __getattr__(self, name: str) -> Any:
        names = ("name", "start_ns", "end_ns", "activity_type", "correlation_id", "linked_correlation_id")
        return lambda: self._values[names.index(name)]

    def start_thread_id(self) -> int:
        return 1


def test_a_call_is_read_from_the_profilers_events() -> None:
    events = [
        Event("opbench calls", 100, 200, "cpu_op", 1),
        Event("aten::mul", 110, 130, "cpu_op", 2),
        Event("cudaLaunchKernel", 112, 120, "cuda_runtime", 3, linked=2),
        Event("vectorized_elementwise", 140, 160, "kernel", 3, linked=2),
        Event("opbench calls", 140, 190, "gpu_user_annotation", 1),
        Event("of an earlier call", 50, 60, "kernel", 9, linked=0),
    ]
    found = read_call(events, 90)
    assert (found.start_ns, found.end_ns, found.plain_ns) == (100, 200, 90)
    assert [kernel.name for kernel in found.kernels] == ["vectorized_elementwise"]
    assert call_parts(found)["elementwise"] == 20
