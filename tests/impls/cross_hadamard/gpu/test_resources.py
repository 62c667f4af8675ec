"""The launches a point would make, and what their kernels take of a GPU that need not be there."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from impls import cross_hadamard
from impls.cross_hadamard.gpu import nvcc_ptx
from impls.cross_hadamard.kernels import SCHEDULES
from impls.cross_hadamard.resources import cuda_cpp, dry_run, numba_cuda, triton_jit
from impls.cross_hadamard.resources.dry_run import WITHOUT_GPU
from opbench import KernelResources, Point, catalog
from opbench.errors import MachineError, UsageError

from ....compiled import release, remembered

_, DEVICE = WITHOUT_GPU

SOURCES = Path(cross_hadamard.__file__).parent
RELEASES = tuple(map(release, ("triton", "numba-cuda", "numba", "nvidia-cuda-nvcc", "nvidia-cuda-nvrtc", "torch")))


def point(operator: str = "cross_hadamard", mode: str = "forward", dtype: str = "float32", **axes: int) -> Point:
    sizes = {"channels": 5, "edge": 7} | axes
    return Point(operator, catalog.operator(operator).complete(sizes), dtype=dtype, device="cuda", mode=mode)


class Recorder:
    """A launcher that says what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        def called(*arguments: Any) -> torch.Tensor:
            tensors = [one for one in arguments if isinstance(one, torch.Tensor)]
            assert {one.device.type for one in tensors} == {"meta"}
            words = [one for one in arguments if isinstance(one, str)]
            self.calls.append((name, *words, *(tuple(one.shape) for one in tensors)))
            return torch.empty(1, 3, 10, device="meta")

        return called


@pytest.mark.parametrize(
    ("asked", "schedule", "call"),
    [
        (point(edge=7), "", ("forward", "flat", (1, 5, 7, 7), (1, 10, 7, 7))),
        (point(edge=8), "", ("forward", "blocked", (1, 5, 8, 8), (1, 10, 8, 8))),
        (point(edge=1), "direct", ("forward", "direct", (1, 5, 1, 1), (1, 10, 1, 1))),
        (point(mode="out"), "balanced", ("forward", "balanced", (1, 5, 7, 7), (1, 10, 7, 7))),
        (point(selected=3), "flat", ("forward", "flat", (1, 5, 7, 7), (1, 3), (1, 3, 7, 7))),
        (point(mode="backward"), "flat", ("backward", (1, 10, 7, 7), (1, 5, 7, 7), (1, 5, 7, 7))),
    ],
)
def test_the_launcher_is_called_as_the_timed_launch_would(asked: Point, schedule: str, call: tuple[Any, ...]) -> None:
    recorder: Any = Recorder()
    dry_run.run(asked, schedule, recorder)
    assert recorder.calls == [call]


def test_the_fused_expansion_and_its_gradients_are_launches_of_their_own() -> None:
    recorder: Any = Recorder()
    dry_run.run(point("ach_expand", selected=3), "", recorder)
    dry_run.run(point("ach_expand", "backward", selected=3), "", recorder)
    assert [call[:2] for call in recorder.calls] == [("expand", "softsign"), ("expand_backward", "softsign")]
    with pytest.raises(UsageError, match="no schedule 'direct' of ach_expand"):
        dry_run.run(point("ach_expand", selected=3), "direct", recorder)


def test_one_channel_has_no_pairs_and_no_launch() -> None:
    recorder: Any = Recorder()
    dry_run.run(point(channels=1), "direct", recorder)
    assert recorder.calls == []


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_has_one_cuda_kernel_named_after_it(schedule: str) -> None:
    (instance,) = cuda_cpp.instances(point(dtype="bfloat16"), schedule, DEVICE)
    assert instance.startswith(f"opbench::{schedule}<__nv_bfloat16")


def test_dynamic_shared_memory_is_what_the_launch_asks_for() -> None:
    small, large = point(channels=17), point(channels=64, edge=56)
    assert cuda_cpp.instances(small, "flat", DEVICE) == {
        "opbench::flat<float, true, opbench::Product<float>>": 17 * 49 * 4
    }
    assert cuda_cpp.instances(large, "flat", DEVICE) == {"opbench::flat<float, false, opbench::Product<float>>": 0}


def check(kernels: tuple[KernelResources, ...], *names: str, source: str) -> None:
    assert [kernel.name.partition("<")[0].partition("[")[0] for kernel in kernels] == list(names)
    for kernel in kernels:
        assert kernel.registers is not None
        assert 16 <= kernel.registers <= 255
        assert kernel.spill_bytes == 0
        assert kernel.source == f"{source} for sm_{dry_run.target()[0]}"


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="no nvcc on the PATH: install the CUDA toolkit")
def test_nvcc_tells_of_each_kernel_what_it_takes() -> None:
    (direct,) = told(cuda_cpp.by_nvcc, point(), "direct")
    (blocked,) = told(cuda_cpp.by_nvcc, point(channels=64, edge=56), "blocked")
    gradients = told(cuda_cpp.by_nvcc, point("ach_expand", "backward", selected=3), "")
    check((direct, blocked, *gradients), "direct", "blocked", "expand_owner", source="nvcc -Xptxas -v")
    assert gradients[0].shared_bytes == (25 * 4 + 4) * 64 + 64 * 24  # 49 places in blocks of 64, and their partners
    assert (direct.registers or 0) < (blocked.registers or 0)  # the one keeps two values, the other a tile of them


def test_what_runs_on_the_cpu_takes_nothing_of_a_gpu() -> None:
    with pytest.raises(MachineError, match="starts no GPU kernel; ask with device 'cuda'"):
        cuda_cpp.by_nvcc(replace(point(), device="cpu"), "")


def nvcc() -> str:
    """What the one that compiles says of itself, or nothing."""
    return "" if (path := nvcc_ptx.nvcc()) is None else nvcc_ptx._version(path)


def told(find: Any, asked: Point, schedule: str) -> tuple[KernelResources, ...]:
    """Of the compilers that may be missing; one that is there and refuses is a failure."""
    try:
        found = remembered(
            ["resources", find.__module__, find.__name__, str(asked), schedule, dry_run.target()[0], *RELEASES, nvcc()],
            SOURCES,
            lambda: [asdict(kernel) for kernel in find(asked, schedule)],
        )
    except MachineError as exc:
        if any(word in str(exc) for word in ("install", "nvidia backend", "no NVVM", "no ptxas")):
            pytest.skip(str(exc))
        raise
    return tuple(KernelResources(**kernel) for kernel in found)


def test_nvrtc_agrees_with_nvcc_on_the_names() -> None:
    check(told(cuda_cpp.by_nvrtc, point(), "balanced"), "balanced", source="NVRTC")


def test_triton_tells_of_each_kernel_what_it_takes() -> None:
    source = "Triton's ptxas"
    check(told(triton_jit.resources, point(), "flat"), "flat", source=source)
    gradients = told(triton_jit.resources, point("ach_expand", "backward", selected=3), "")
    check(gradients, "owner", source=source)


def test_numba_tells_of_each_kernel_what_it_takes() -> None:
    actual = told(numba_cuda.resources, point("ach_expand", "backward", selected=3), "")
    check(actual, "expand_owner_kernel", source="ptxas on Numba's PTX")
    assert actual[0].shared_bytes == 4 * 24 * (64 + 2) + 32 * (8 + 8 + 4) + 4 * 64  # sums, partners, positions


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    for find, name in ((triton_jit.resources, "triton"), (numba_cuda.resources, "numba-cuda")):
        with pytest.raises(MachineError, match=f"{name} is not installed; python -m pip install {name}"):
            find(point(), "flat")
