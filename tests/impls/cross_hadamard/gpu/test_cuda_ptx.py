"""The CUDA C++ kernels as nvcc compiles them for sm_90, launched as planned, on the PTX machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from impls.cross_hadamard.gpu import cupy_kernels
from impls.cross_hadamard.gpu.launch_plan import Device, Plan
from opbench import ptx

from ....compiled import remembered

SOURCES = Path(cupy_kernels.__file__).parents[1] / "csrc" / "cuda"
SCHEDULES = "direct", "balanced", "blocked", "flat"
SHAPE = 2, 5, 7, 7
DEVICE = Device(132, 232448)
"""An H100: its multiprocessors, and the shared memory that a block may ask for."""

Launches = list[tuple[Plan, str, tuple[int, ...]]]


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> Launches:
    """What would be launched, as it comes: plan, instance of a kernel, arguments."""
    found: Launches = []

    def record(_: Tensor, plan: Plan, instance: str, arguments: tuple[int, ...]) -> None:
        found.append((plan, instance, arguments))

    monkeypatch.setattr(cupy_kernels, "_launch", record)
    monkeypatch.setattr(cupy_kernels, "device_of", lambda _: DEVICE)
    return found


def execute(launch: tuple[Plan, str, tuple[int, ...]], tensors: list[Tensor], folder: Path) -> ptx.Counters:
    """Compiles the instance, or takes what was compiled before, and runs it."""
    plan, instance, arguments = launch
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("no nvcc on the PATH: install the CUDA toolkit to compile the kernels")
    release = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    command = [nvcc, "-std=c++17", "-O3", "-arch=sm_90", "-lineinfo", f"-I{SOURCES}", "-ptx"]
    text: str = remembered([release, *command, instance], SOURCES.parent, lambda: compiled(command, instance, folder))
    arrays = {tensor.data_ptr(): tensor for tensor in tensors}
    given: list[Any] = [arrays.get(each, each) for each in arguments]
    return ptx.run(text, None, plan.grid, plan.block, given, shared=plan.shared).counters


def compiled(command: list[str], instance: str, folder: Path) -> str:
    source, target = folder / "instance.cu", folder / "instance.ptx"
    source.write_text(
        '#include "kernels.cuh"\nextern const void* const kernel;\n'
        f"const void* const kernel = reinterpret_cast<const void*>({instance});\n"
    )
    done = subprocess.run([*command, "-o", str(target), str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    return target.read_text()


def values(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_products_equal_pytorchs_bit_for_bit(schedule: str, launches: Launches, tmp_path: Path) -> None:
    x, (i, j) = values(*SHAPE), torch.triu_indices(5, 5, 1)
    out = torch.full((2, 10, 7, 7), float("nan"))
    cupy_kernels.forward(x, None, out, schedule)
    (launch,) = launches
    counters = execute(launch, [x, out], tmp_path)
    assert torch.equal(out, x[:, i] * x[:, j])
    assert counters.sectors_written >= -(-out.nbytes // 32)


def test_the_gradient_equals_autograds(launches: Launches, tmp_path: Path) -> None:
    x, grad, (i, j) = values(*SHAPE), values(2, 10, 7, 7), torch.triu_indices(5, 5, 1)
    grad_x = torch.full_like(x, float("nan"))
    cupy_kernels.backward(grad, x, None, grad_x)
    (launch,) = launches
    execute(launch, [grad, x, grad_x], tmp_path)
    wide = x.double().requires_grad_()
    (want,) = torch.autograd.grad(wide[:, i] * wide[:, j], wide, grad.double())
    assert torch.allclose(grad_x.double(), want, rtol=1e-5, atol=1e-5)


def test_a_bound_that_was_relaxed_is_named_with_its_line(
    launches: Launches, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, out = values(*SHAPE), torch.zeros(2, 10, 7, 7)
    cupy_kernels.forward(x, None, out, "balanced")
    run = ptx.run

    def relaxed(text: str, *others: Any, **further: Any) -> ptx.Result:
        return run(re.sub(r"(st\.global\.\S+\s+\[%rd\d+)", r"\1+8192", text), *others, **further)

    monkeypatch.setattr(ptx, "run", relaxed)
    with pytest.raises(
        ptx.KernelError, match=r"out of bounds: writes 4 bytes .*\.cuh:\d+\), thread \(\d, \d, 0\) of block"
    ):
        execute(launches[0], [x, out], tmp_path)
