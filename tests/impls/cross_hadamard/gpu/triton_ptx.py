"""The Triton kernels' PTX, compiled by a process without the interpreter, and launches that run it on the PTX machine.

`python triton_ptx.py` prints a line of JSON for every kernel that `operations_of` launches. Exit code 3, with the
reason, where triton cannot compile for NVIDIA.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from impls.cross_hadamard.gpu.triton_kernels import compiling, operations
from opbench import ptx, simulation

ROOT = Path(__file__).parents[4]
SCHEDULES = "direct", "balanced", "blocked", "flat"


class Case:
    """One operation on given values: `run` launches it and returns what it computed."""

    def __init__(self, name: str, dtype: torch.dtype, run: Callable[[], list[Tensor]], want: list[Tensor]) -> None:
        self.name, self.dtype, self.run, self.want = name, dtype, run, want


def cases() -> Iterator[Case]:
    """Forward in all schedules, and in all dtypes; expansion and gradients in two dtypes."""
    yield from (forward(schedule, torch.float32, (1, 6, 20, 20)) for schedule in SCHEDULES)
    yield from (forward(schedule, torch.bfloat16, (2, 5, 7, 7)) for schedule in SCHEDULES)
    yield from (forward("flat", dtype, (2, 5, 7, 7)) for dtype in (torch.float16, torch.float64))
    for dtype in (torch.float32, torch.bfloat16):
        yield from gradients(dtype)


def forward(schedule: str, dtype: torch.dtype, shape: tuple[int, int, int, int]) -> Case:
    x = values(*shape).to(dtype)
    i, j = torch.triu_indices(shape[1], shape[1], 1)
    want = x[:, i] * x[:, j]

    def run() -> list[Tensor]:
        out = torch.full_like(want, float("nan"))
        operations.forward(x, None, out, schedule)
        return [out]

    return Case(f"{schedule} {tuple(shape)}", dtype, run, [want])


def gradients(dtype: torch.dtype) -> Iterator[Case]:
    x, index = values(2, 5, 7, 7).to(dtype), torch.tensor([[0, 2, 3, 1], [4, 4, 0, 2]])
    parameters = torch.tensor([0.5]), values(6, seed=1), values(6, seed=2)
    grads = values(2, 6, 7, 7, seed=3).to(dtype), values(2, 11, 7, 7, seed=4).to(dtype)

    def backward() -> list[Tensor]:
        grad_x = torch.full_like(x, float("nan"))
        operations.backward(grads[0], x, index, grad_x)
        return [grad_x]

    def expand(schedule: str) -> list[Tensor]:
        out = torch.full((2, 11, 7, 7), float("nan"), dtype=dtype)
        operations.expand(x, index, *parameters, "tanh", out, schedule)
        return [out]

    def expand_backward() -> list[Tensor]:
        grad_x = torch.full_like(x, float("nan"))
        sums = operations.expand_backward(grads[1], x, index, *parameters, "tanh", grad_x).sum(0)
        return [grad_x, sums[0], sums[1], sums[2].sum().reshape(1)]

    wide = x.double().requires_grad_()
    alpha, weight, bias = (each.double().requires_grad_() for each in parameters)
    i, j = torch.triu_indices(4, 4, 1)
    chosen = torch.gather(wide, 1, index[:, :, None, None].expand(-1, -1, 7, 7))
    pairs = chosen[:, i] * chosen[:, j]
    expanded = torch.cat([wide, torch.tanh(alpha * pairs) * weight[:, None, None] + bias[:, None, None]], 1)
    of_pairs = torch.autograd.grad(pairs, wide, grads[0].double(), retain_graph=True)
    of_expanded = torch.autograd.grad(expanded, (wide, weight, bias, alpha), grads[1].double())
    yield Case("backward", dtype, backward, list(of_pairs))
    for schedule in ("blocked", "flat"):
        yield Case(f"expand {schedule}", dtype, partial(expand, schedule), [expanded.detach()])
    yield Case("expand_backward", dtype, expand_backward, list(of_expanded))


def values(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def key_of(kernel: Any, arguments: tuple[Any, ...], fixed: dict[str, Any]) -> str:
    """What a launch was compiled for."""
    kinds = " ".join(compiling.kind_of(each) for each in arguments)
    return f"{kernel.fn.__name__}({kinds}) {' '.join(f'{name}={fixed[name]}' for name in sorted(fixed))}"


def on_machine(
    kernels: dict[str, list[Any]], case: Case, change: Callable[[str], str] = lambda text: text
) -> tuple[list[Tensor], list[ptx.Result]]:
    """Runs a case as the launch path launches it, on the PTX machine: what it computed, and each launch's result.

    kernels: from `key_of` to PTX and bytes of shared memory. change: what is done to the text before.
    """
    results = []

    def launch(
        kernel: Any, grid: tuple[int, ...], _: Tensor, arguments: tuple[Any, ...], fixed: dict[str, Any]
    ) -> None:
        text, shared = kernels[key_of(kernel, arguments, fixed)]
        threads = 32 * fixed["num_warps"]
        results.append(ptx.run(change(text), kernel.fn.__name__, grid, threads, arguments, shared=shared))

    with mock.patch.object(operations, "launch", launch):
        return case.run(), results


def compiled() -> dict[str, list[Any]] | str:
    """For every kernel of `cases` its PTX and bytes of shared memory; or why triton cannot compile here."""
    environment = {name: text for name, text in os.environ.items() if name not in simulation.SWITCHES}
    environment |= {"PYTHONPATH": str(ROOT), "TRITON_DEFAULT_FP_FUSION": "1"}
    done = subprocess.run(
        [sys.executable, __file__], env=environment, capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode == 3:
        return done.stdout.strip()
    assert done.returncode == 0, done.stderr
    found: dict[str, list[Any]] = json.loads(done.stdout)
    return found


def main() -> int:
    if reason := compiling.why_not():
        print(reason)
        return 3
    found: dict[str, tuple[str, int]] = {}

    def launch(kernel: Any, _: object, __: object, arguments: tuple[Any, ...], fixed: dict[str, Any]) -> None:
        key = key_of(kernel, arguments, fixed)
        if key not in found:
            binary = compiling.binary_of((kernel, arguments, fixed))
            found[key] = binary.asm["ptx"], binary.metadata.shared

    with mock.patch.object(operations, "launch", launch):
        for case in cases():
            case.run()
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
