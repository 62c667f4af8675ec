"""Our kernels on tensors of more than 2^32 elements, a few blocks of each launch; prints a line of JSON for each.

Run as a module, in a process that simulates nothing: `python -m tests.impls.cross_hadamard.gpu.beyond_32_bits`.
`narrowed` is nvcc's with all products of 64 bits cut to 32.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
import torch

from impls.cross_hadamard.gpu import cuda_on_ptx, cupy_kernels, nvcc_ptx
from opbench import ptx
from opbench.errors import OpbenchError
from opbench.ptx.launching import simulated_device
from opbench.ptx.number_types import Array

from .planted.kinds import KINDS, NARROWED
from .planted.operations import COMPILERS, LARGE, launcher_of, values

BATCH, CHANNELS, *MAP = LARGE
PAIRS, SIZE = CHANNELS * (CHANNELS - 1) // 2, MAP[0] * MAP[1]
BLOCKS, MORE = 2, 6
"""The last block is beyond 2^32, where 32 bits are positive again; of more blocks some are between 2^31 and 2^32."""
SCHEDULES = {
    "triton": ("direct", "blocked", "flat"),
    "numba": ("direct", "blocked", "flat"),
    "nvrtc": ("flat",),
    "nvcc": ("direct", "blocked"),
}
"""NVRTC and nvcc compile one source."""
X = values(LARGE).to(torch.bfloat16)
ODD = (BATCH, CHANNELS - 1, *MAP)
"""An odd number of outputs, so that vectors have one element, and there are more than 2^32 of them."""


def forward(launcher: Any, schedule: str, blocks: int = BLOCKS, x: torch.Tensor = X) -> dict[str, object]:
    """How many elements some blocks wrote, where the first and the last are, and how many are another product."""
    out = ptx.lazy_zeros((len(x), x.shape[1] * (x.shape[1] - 1) // 2, *MAP), torch.bfloat16)
    results: list[ptx.Result] = []

    def run(*arguments: Any, **options: Any) -> ptx.Result:
        results.append(ptx.run(*arguments, **options | {"uninitialised": [out]}))
        return results[-1]

    with ptx.device(blocks=blocks), mock.patch.object(simulated_device, "run", run):
        launcher.forward(x, None, out, schedule)
    (holes,) = results[0].unwritten.values()
    edges = [0, *(edge // 2 for hole in holes for edge in hole), out.numel()]
    at = np.concatenate([np.arange(first, end) for first, end in zip(edges[::2], edges[1::2], strict=True)])
    found, want = out.view(-1)[torch.from_numpy(at)], torch.from_numpy(products(at, x))
    wrong = int((found.double() != want.to(torch.bfloat16).double()).sum())
    return {"written": at.size, "first": int(at.min()), "last": int(at.max()), "wrong": wrong}


def products(at: Array, x: torch.Tensor) -> Array:
    """Those that belong at these places of the output, in float64: the pair's row by the triangle's root."""
    channels = x.shape[1]
    pairs = channels * (channels - 1) // 2
    sample, pair, place = at // (pairs * SIZE), at // SIZE % pairs, at % SIZE
    behind = pairs - 1 - pair  # counted from the last, rows have 1, 2, 3, ... pairs
    row = ((np.sqrt(8.0 * behind + 1) - 1) / 2).astype(np.int64)
    i = channels - 2 - row
    j = channels - 1 - (behind - row * (row + 1) // 2)
    flat = x.double().numpy().reshape(-1)
    found: Array = flat[(sample * channels + i) * SIZE + place] * flat[(sample * channels + j) * SIZE + place]
    return found


def gradient(launcher: Any) -> dict[str, object]:
    """The pairs' gradients are 0 here: what is wrong is an address, or a sum of what is not there."""
    grad, found = ptx.lazy_zeros((BATCH, PAIRS, *MAP), torch.bfloat16), torch.full_like(X, 7)
    with ptx.device(blocks=BLOCKS):
        launcher.backward(grad, X, None, found)
    return {"written": int((found == 0).sum()), "wrong": int(((found != 0) & (found != 7)).sum())}


def narrowed(instance: str, architecture: str) -> str:
    """As a kernel is whose offsets are `int`."""
    kind = KINDS[NARROWED]
    return re.sub(kind.pattern, kind.by, nvcc_ptx.ptx_of(instance, architecture))


def tell(name: str, operation: str, run: Callable[[], dict[str, object]]) -> None:
    try:
        told = run()
    except OpbenchError as error:
        told = {"error": str(error)}
    print(json.dumps({"name": name, "operation": operation, **told}), flush=True)


def main() -> int:
    for compiler in COMPILERS:
        try:
            launcher = launcher_of(compiler)
        except (ImportError, OpbenchError) as error:
            print(json.dumps({"name": compiler, "missing": str(error)}), flush=True)
            continue
        for schedule in SCHEDULES[compiler]:
            tell(compiler, schedule, partial(forward, launcher, schedule))
        if compiler == "triton":
            tell(compiler, "odd", partial(forward, launcher, "flat", x=values(ODD).to(torch.bfloat16)))
        if compiler != "nvcc":
            tell(compiler, "gradient", partial(gradient, launcher))
        if compiler == "nvcc":
            with cuda_on_ptx.compiled_by(narrowed):
                tell("narrowed", "direct", partial(forward, cupy_kernels, "direct", MORE))
    return 0


if __name__ == "__main__":
    sys.exit(main())
