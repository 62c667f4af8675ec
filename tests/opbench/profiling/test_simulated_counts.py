"""Which backends are counted, what several launches come to, and what is said of one that is not counted."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from opbench import catalog, ptx, simulation
from opbench.errors import MachineError, UsageError
from opbench.profiling import simulated_case, simulated_counts
from opbench.profiling.simulated_case import Launched, SimulatedProfile
from opbench.profiling.simulated_counts import count_simulated, counted, labels
from opbench.ptx import cost
from opbench.ptx.properties import KNOWN
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Unavailable
from opbench.vocabulary.simulated_count import NotCounted
from opbench.vocabulary.work import Work
from tests.opbench.ptx.kernels import kernel

CASE = Case(Point("cross_hadamard", Axes({"batch": 1, "channels": 5, "edge": 3, "selected": 0})), "numba_cuda:flat")
COPY = """mov.u32 %r0, %tid.x; mad.wide.u32 %d1, %r0, 4, %d15;
ld.global.f32 %f1, [%d1]; st.global.f32 [%d1], %f1;"""

NO_ROOM = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"


class CompilationError(Exception):
    """What compilers raise has no other base: Triton's CompilationError and PTXASError, Numba's TypingError."""


@pytest.fixture(autouse=True)
def on_ptx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "active", lambda: True)
    monkeypatch.setattr(simulation, "on_ptx", lambda: True)


def launched(threads: int, registers: int | None) -> Launched:
    result = ptx.run(kernel(COPY), "k", 1, threads, [np.zeros(threads, np.float32)])
    binary = None if registers is None else cost.Binary("sm_90", registers, 0, 256)
    return Launched(cost.launch_cost(result), binary, None, None)


def profile(*launches: Launched) -> SimulatedProfile:
    return SimulatedProfile(CASE, "somebody's PTX", "sm_90", Work(0, 0, 0, 200, 164), launches)


def test_launches_of_a_call_are_added_and_registers_are_the_most_of_any() -> None:
    found = counted(profile(launched(41, 30), launched(7, 40)))  # 41 floats are 6 sectors in 2 warps, 7 are 1
    assert (found.launches, found.requests) == (2, 2 * (2 + 1))
    assert (found.sectors_read, found.sectors_written, found.distinct_sectors_written) == (7, 7, 7)
    assert (found.requested_bytes, found.registers, found.shared_bytes) == (2 * 4 * 48, 40, 256)
    assert found.written_over_least == 7 * 32 / 164
    assert found.read_over_least == 7 * 32 / 200
    assert found.coalescing == 2 * 4 * 48 / (14 * 32)
    assert found.divergence is None  # no branch


def test_registers_that_are_not_known_of_one_launch_are_not_known() -> None:
    assert counted(profile(launched(1, 30), launched(1, None))).registers is None


def test_a_backend_is_counted_by_its_schedules_and_one_that_is_measured_by_name_only_when_named() -> None:
    kept, left_out = labels("cross_hadamard")
    assert "triton_jit:blocked" in kept
    assert "triton_jit" not in kept
    assert "torch_eager" in kept  # it has no schedules, and says itself why it is not counted
    assert [each.backend for each in left_out] == ["tuned"]
    assert labels("cross_hadamard", ["triton_jit:flat", "tuned"]) == (["triton_jit:flat", "tuned"], [])


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (MachineError("numba_cuda:flat: no compiler here"), NotCounted("numba_cuda:flat", "no compiler here")),
        (UsageError("maps too large"), NotCounted("numba_cuda:flat", "maps too large")),
        (ptx.KernelError("out of bounds"), NotCounted("numba_cuda:flat", "out of bounds", faulty=True)),
        (TypeError("a tile"), NotCounted("numba_cuda:flat", "TypeError: a tile", faulty=True)),
        (CompilationError("at 3:0:\n"), NotCounted("numba_cuda:flat", "CompilationError: at 3:0:", faulty=True)),
        (ImportError("no libdevice"), NotCounted("numba_cuda:flat", "ImportError: no libdevice", faulty=True)),
        (MemoryError(), NotCounted("numba_cuda:flat", "MemoryError")),
        (RuntimeError(NO_ROOM), NotCounted("numba_cuda:flat", f"RuntimeError: {NO_ROOM}")),
    ],
)
def test_what_cannot_run_is_no_fault_and_what_goes_wrong_is_one(
    raised: Exception, told: NotCounted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(simulated_counts, "refusal", lambda _: "")
    monkeypatch.setattr(simulated_counts, "profile_simulated", refuse)
    assert count_simulated(CASE, "sm_90") == replace(told, point=CASE.point)


def test_a_refusal_names_its_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated_counts, "refusal", lambda _: "takes maps of 16 bytes")
    assert count_simulated(CASE, "sm_90") == NotCounted("numba_cuda:flat", "takes maps of 16 bytes", point=CASE.point)


def test_an_architecture_that_is_not_known_is_refused_whatever_the_backend() -> None:
    with pytest.raises(UsageError, match="no architecture 'sm_91'"):
        count_simulated(CASE, "sm_91")


def backend(simulator: str = "", ptx: str = "somebody's PTX") -> Backend:
    return Backend("for the tests", lambda *_: None, devices=frozenset({"cuda"}), simulator=simulator, ptx=ptx)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "dtype", "said"),
    [
        (Unavailable("no numba here"), "float32", "^no numba here$"),
        (backend(), "int8", "^cross_hadamard takes .*float32.*, not int8$"),
        (replace(backend(), dtypes=frozenset({"float64"})), "float32", "float64"),
        (backend(ptx=""), "float32", "runs on cuda, not on cpu|has no kernels of its own"),
        (backend(), "float32", "^$"),
    ],
)
def test_a_backend_is_refused_by_what_it_lacks_and_takes(
    found: Backend | Unavailable, dtype: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "backend", lambda *_: found)
    case = replace(CASE, point=replace(CASE.point, dtype=dtype))
    assert re.search(said, simulated_case.refusal(case))


def test_what_cannot_be_had_of_a_launch_is_a_sentence_and_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_ptxas(*_: object) -> None:
        raise MachineError("no ptxas here")

    result = ptx.run(kernel(COPY), "k", 1, 7, [np.zeros(7, np.float32)])
    told: list[str] = []
    monkeypatch.setattr(cost, "inspect", no_ptxas)
    found = simulated_case._launched(result, KNOWN["sm_90"], told)
    assert (found.binary, found.occupancy, told) == (None, None, ["no ptxas here"])
    unlisted = cost.Binary("sm_90", 8, 0, 0, unlisted="no cuobjdump here")
    monkeypatch.setattr(cost, "inspect", lambda *_: unlisted)
    found = simulated_case._launched(result, KNOWN["sm_90"], told)
    assert found.occupancy is not None
    assert told == ["no ptxas here", "no cuobjdump here"]
