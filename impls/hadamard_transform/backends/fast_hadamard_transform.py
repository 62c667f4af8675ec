"""The package fast-hadamard-transform: CUDA kernels for rows up to 2^15, built by nvcc where it is installed."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING

from impls.hadamard_transform.backend_entry import Call, backend_of, delivered
from impls.hadamard_transform.orders import factored
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Launch


def unavailable(_: str) -> str | None:
    if importlib.util.find_spec("fast_hadamard_transform") is not None:
        return None
    return "fast-hadamard-transform is not installed; python -m pip install fast-hadamard-transform (it needs nvcc)"


def launch_of(call: Call) -> Launch:
    if factored(call.block).order != 1:
        raise UsageError(f"takes powers of two, not {call.block}: its matrices of order 12, 20 and 28 are others")
    transform = importlib.import_module("fast_hadamard_transform").hadamard_transform
    x = call.x

    def launch() -> Tensor:
        y = x if call.before is None else x * call.before
        y = transform(y.reshape(-1, call.block), scale=call.scale).view(x.shape)
        return delivered(y if call.after is None else y * call.after, call.out)

    return launch


BACKEND = backend_of(
    launch_of,
    about="the package fast-hadamard-transform",
    devices=frozenset({"cuda"}),
    dtypes=frozenset({"float32", "float16", "bfloat16"}),
    rank=30,
    look=("#F0E442", "*"),
    unavailable=unavailable,
)
