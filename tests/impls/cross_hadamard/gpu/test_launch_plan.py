"""Launch plans: Python's are C++'s, every element is covered, and what CuPy is asked for fits the kernels."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from impls.cross_hadamard.gpu import cupy_kernels, launch_plan
from impls.cross_hadamard.gpu.launch_plan import Device, Plan, Problem

from ....rows import rows

KERNELS = Path(cupy_kernels.__file__).parents[1] / "csrc" / "cuda"
H200 = Device(132, 232448)


MEMORY = 1 << 40  # bytes: no device has as much, and larger outputs need no plan


def problems(seed: int, count: int) -> list[Problem]:
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        edge = chance.choice([1, 2, 7, 13, 14, 29, 32, 33, 56, 65, 224, 4097])
        found.append(
            Problem(
                batch=chance.choice([1, 3, 16, 64, 70_000]),
                channels=chance.choice([2, 3, 17, 64, 256]),
                n=chance.choice([2, 3, 5, 8, 17, 33, 64, 256, 100_000]),
                height=edge,
                width=chance.choice([1, edge]),
                itemsize=chance.choice([2, 4, 8]),
                alignment=chance.choice([2, 4, 8, 16]),
                lead=chance.choice([0, 17]),
            )
        )
    return [one for one in found if one.batch * (one.pairs + one.lead) * one.size * one.itemsize < MEMORY]


def planned(operation: str, problem: Problem, device: Device) -> Plan:
    if operation in {"direct", "balanced"}:
        found: Plan = getattr(launch_plan, operation)(problem)
    else:
        found = getattr(launch_plan, operation)(problem, device)
    return found


@pytest.mark.compiler
@pytest.mark.parametrize("operation", ["direct", "balanced", "blocked", "flat", "backward"])
@rows("device", [H200, Device(1, 49152), Device(108, 166912), Device(16, 0)])
def test_python_and_cpp_plan_the_same(operation: str, device: Device) -> None:
    from impls.cross_hadamard.gpu.host_kernels import operators

    library: Any = operators()
    library.pretend(*device)
    try:
        for problem in problems(3, 200):
            actual = planned(operation, problem, device)
            assert [*actual.grid, *actual.block, *actual[2:]] == library.plan(operation, list(problem)), problem
    finally:
        library.pretend(*H200)


@pytest.mark.parametrize("operation", ["direct", "balanced", "blocked", "flat", "backward"])
def test_no_plan_passes_a_limit_of_the_device(operation: str) -> None:
    for problem in problems(5, 300):
        plan = planned(operation, problem, H200)
        assert 1 <= plan.grid[0] <= 2**31 - 1
        assert all(1 <= size <= 65535 for size in plan.grid[1:])
        assert 1 <= plan.block[0] * plan.block[1] * plan.block[2] <= 1024
        assert 0 <= plan.shared <= H200.shared_bytes


@rows("itemsize", [2, 4, 8])
@rows("size, alignment", [(49, 16), (196, 16), (98, 16), (1024, 16), (1024, 4), (196, 2)])
def test_vectors_divide_the_map_and_the_pointers(itemsize: int, size: int, alignment: int) -> None:
    plan = launch_plan.blocked(Problem(1, 8, 8, 1, size, itemsize, max(alignment, itemsize)), H200)
    width = plan.vector * itemsize
    assert size * itemsize % width == 0
    assert max(alignment, itemsize) % width == 0
    wider = 2 * width
    assert wider > 16 or size * itemsize % wider or max(alignment, itemsize) % wider


def parameter_count(kernel: str) -> int:
    """Parameters of the __global__ function of that name, counted in the headers."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in KERNELS.glob("*.cuh"))
    found = re.search(rf"__global__ void __launch_bounds__\([^)]*\)\s*{kernel}\(([^)]*)\)", text)
    assert found, kernel
    return found.group(1).count(",") + 1


def test_cupy_passes_every_kernel_as_many_arguments_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[tuple[str, int]] = []
    monkeypatch.setattr(cupy_kernels, "device_of", lambda _: Device(1, 232448))
    monkeypatch.setattr(
        cupy_kernels, "_launch", lambda _x, _plan, instance, given: launched.append((instance, len(given)))
    )
    index = torch.tensor([[0, 1, 1]] * 3)
    alpha, three = torch.ones(1), torch.ones(3)
    for edge in (3, 16):
        x, grad = torch.ones(3, 4, edge, edge), torch.ones(3, 7, edge, edge)
        for schedule in ("direct", "balanced", "blocked", "flat"):
            cupy_kernels.forward(x, None, torch.ones(3, 6, edge, edge), schedule)
        for schedule in ("blocked", "flat"):
            cupy_kernels.expand(x, index, alpha, three, three, "tanh", grad, schedule)
        cupy_kernels.backward(grad[:, :3].contiguous(), x, index, torch.ones_like(x))
        cupy_kernels.expand_backward(grad, x, index, alpha, three, three, "tanh", torch.ones_like(x))
    kernels = {instance.split("<")[0].removeprefix("opbench::") for instance, _ in launched}
    assert kernels == {"direct", "balanced", "blocked", "flat", "columns", "owner", "expand_owner"}
    for instance, given in launched:
        assert given == parameter_count(instance.split("<")[0].removeprefix("opbench::")), instance


def test_cupy_refuses_unknown_names_with_those_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cupy_kernels, "device_of", lambda _: H200)
    x, index, three = torch.ones(1, 3, 1, 1), torch.tensor([[0, 1, 2]]), torch.ones(3)
    with pytest.raises(ValueError, match="no schedule 'diagonal'; there are direct, balanced"):
        cupy_kernels.forward(x, None, x, "diagonal")
    with pytest.raises(ValueError, match="no norm 'relu'; there are softsign"):
        cupy_kernels.expand(x, index, three[:1], three, three, "relu", torch.ones(1, 6, 1, 1), "flat")
