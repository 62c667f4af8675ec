"""What every benchmark of the gate is given: the device, with the C++ extension built, and no gradients to track.

`OPBENCH_BENCH_DEVICE` is `cpu` (default) or `cuda`. On a GPU only `opbench gate --device cuda` times these: it waits
for the device, while pytest-benchmark's own clock stops as soon as the launch returns. On the CPU they run under plain
`pytest tests/bench --benchmark-only` as well, with as many threads as PyTorch likes; the gate gives each worker one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

from impls.cross_hadamard.backends.cpp_ext import BACKEND
from impls.cross_hadamard.functional import cross_hadamard
from opbench.errors import unknown

DEVICES = ("cpu", "cuda")


@pytest.fixture(scope="session")
def device() -> Iterator[str]:
    """The device under test. Skips, with the reason, where the C++ extension cannot be had for it.

    Building the extension (13 s of a processor, once a machine) and loading it belong to no benchmark, so both happen
    here.
    Raises UsageError when OPBENCH_BENCH_DEVICE names something else.
    """
    name = os.environ.get("OPBENCH_BENCH_DEVICE", "cpu")
    if name not in DEVICES:
        raise unknown("device", name, DEVICES, "in OPBENCH_BENCH_DEVICE")
    if reason := BACKEND.missing(name):
        pytest.skip(reason)
    cross_hadamard(torch.ones(1, 2, 1, 1, device=name), backend="cpp_ext")
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False  # its ten bits of mantissa would not pass for float32, see Tolerance
    yield name
    torch.backends.cudnn.allow_tf32 = before


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    """Inference: benchmarks of a backward pass switch gradients on where they build their graph."""
    with torch.no_grad():
        yield
