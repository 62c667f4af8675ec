"""Every Numba kernel of ours once on the PTX machine, and one of a user's: a line of JSON each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

from impls.cross_hadamard.backends.numba_cuda import KERNELS
from impls.cross_hadamard.backends.torch_eager import KERNELS as EAGER
from opbench import ptx

CASES = {
    "direct": torch.float32,
    "balanced": torch.float64,
    "blocked": torch.bfloat16,
    "flat": torch.float16,
}


def values(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def tell(name: str, run: Callable[[], bool]) -> None:
    with ptx.device() as device:
        try:
            right: object = run()
        except Exception as error:  # noqa: BLE001  (the test shows it)
            right = f"{type(error).__name__}: {error}"
    kernels = [result.kernel for result in device.results]
    print(json.dumps({"name": name, "right": right, "kernels": kernels}), flush=True)


def forward(schedule: str, dtype: torch.dtype) -> bool:
    x, (i, j) = values(2, 5, 3, 3, dtype=dtype), torch.triu_indices(5, 5, 1)
    want = (x[:, i].double() * x[:, j].double()).to(dtype)
    return torch.equal(KERNELS.forward(x, None, None, schedule), want)


def expansion(norm: str) -> bool:
    x, index, grad = values(2, 5, 3, 3), torch.tensor([[4, 0, 2], [1, 3, 2]]), values(2, 8, 3, 3, seed=3)
    given = x, index, torch.tensor([0.5]), values(3, seed=1), values(3, seed=2), norm
    pairs = [(KERNELS.expand(*given, "blocked"), EAGER.expand(*given, ""))]
    pairs += zip(KERNELS.expand_backward(grad, *given), EAGER.expand_backward(grad, *given), strict=True)
    return all(torch.allclose(mine, theirs, rtol=1e-4, atol=1e-4) for mine, theirs in pairs)


def columns() -> bool:
    from impls.cross_hadamard.gpu.numba_kernels import planning

    planning.SETTINGS = replace(planning.SETTINGS, places=1)
    x, grad = values(2, 5, 3, 3), values(2, 10, 3, 3, seed=1)
    return torch.allclose(KERNELS.backward(grad, x, None), EAGER.backward(grad, x, None), rtol=1e-5, atol=1e-5)


def of_a_user() -> bool:
    """The first that imports Numba: inside of the device, of which it knows all the same."""
    assert "numba.cuda" not in sys.modules
    cuda: Any = import_module("numba.cuda")  # numba-cuda says no types

    @cuda.jit  # type: ignore[untyped-decorator]
    def scaled(x: Any, out: Any, factor: Any) -> None:
        i, j = cuda.grid(2)
        if i < x.shape[0] and j < x.shape[1]:
            out[i, j] = x[i, j] * factor

    x, out = torch.arange(35.0).reshape(5, 7), np.zeros((5, 7), np.float32)
    scaled[(1, 2), (8, 4)](x, out, np.float32(3))
    return np.array_equal(out, 3 * x.numpy())


def main() -> int:
    tell("user", of_a_user)
    for schedule, dtype in CASES.items():
        tell(schedule, partial(forward, schedule, dtype))
    for norm in ("softsign", "identity"):
        tell(norm, partial(expansion, norm))
    tell("columns", columns)
    return 0


if __name__ == "__main__":
    sys.exit(main())
