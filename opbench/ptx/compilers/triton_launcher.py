"""One compiled kernel of Triton's: its PTX, and how its arguments become a launch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from triton.runtime import driver
from triton.runtime.cache import get_cache_manager

from opbench.errors import UsageError
from opbench.ptx.pointers import pointers_to
from opbench.ptx.text.parser import parse

WARP = 32
LONGEST_NAME = 150
"""Characters of a kernel's name in Triton's cache (`triton.compile`)."""

SCALARS = {
    **{f"i{bits}": np.dtype(f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"u{bits}": np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)},
    "i1": np.dtype("int8"),
    "u1": np.dtype("uint8"),
    "fp16": np.dtype("float16"),
    "fp32": np.dtype("float32"),
    "f32": np.dtype("float32"),
    "fp64": np.dtype("float64"),
}
"""Triton's type of a number, and what its own launchers make of it."""


class Launcher:
    """What Triton makes of a compiled kernel for its driver, once, and calls at every launch."""

    def __init__(self, source: Any, metadata: Any) -> None:
        """Raises UsageError for a kernel that needs what the machine has not, and for PTX that it does not know."""
        self._name: str = metadata.name
        self._signature: dict[str, Any] = dict(source.signature)
        self._shared: int = metadata.shared
        self._threads: int = WARP * metadata.num_warps
        _check_supported(self._name, self._signature, metadata)
        self._module = parse(_text(source.name[:LONGEST_NAME], metadata.hash))

    def __call__(
        self,
        grid_x: int,
        grid_y: int,
        grid_z: int,
        stream: int,
        function: object,
        packed: object,
        launch_metadata: Any,
        enter: Any,
        leave: Any,
        *values: Any,
    ) -> None:
        """As Triton's own launchers: a grid that has no block launches nothing."""
        del stream, function, packed
        device = getattr(driver.active, "device", None)
        if device is None:
            raise UsageError(f"kernel {self._name} was compiled for opbench.ptx.device; launch it within one")
        grid = grid_x, grid_y, grid_z
        if 0 in grid:
            return
        if enter is not None:
            enter(launch_metadata)
        arguments = _arguments(self._signature, values)
        device.launch(self._module, self._name, grid, self._threads, arguments, shared=self._shared)
        if leave is not None:
            leave(launch_metadata)


def _check_supported(name: str, signature: Mapping[str, Any], metadata: Any) -> None:
    lacks = {
        "tensor descriptors": any(str(kind).startswith(("tensordesc", "nvTmaDesc")) for kind in signature.values()),
        "clusters (num_ctas above 1)": getattr(metadata, "num_ctas", 1) != 1,
        "cooperative launches": bool(getattr(metadata, "launch_cooperative_grid", False)),
        "scratch memory": bool(getattr(metadata, "global_scratch_size", 0)),
        "profiling": bool(getattr(metadata, "profile_scratch_size", 0)),
    }
    if found := [what for what, asked in lacks.items() if asked]:
        raise UsageError(f"kernel {name} needs {' and '.join(found)}, which the PTX machine has not (docs/ptx.md)")


def _text(name: str, compiled: str) -> str:
    """The PTX that Triton keeps beside the binary. A driver is given the binary alone."""
    group = get_cache_manager(compiled).get_group(f"{name}.json") or {}
    path = group.get(f"{name}.ptx")
    if path is None:
        raise UsageError(f"Triton kept no PTX of kernel {name}; unset TRITON_STORE_BINARY_ONLY and empty its cache")
    return Path(path).read_text(encoding="utf-8")


def _arguments(signature: Mapping[str, Any], values: tuple[Any, ...]) -> list[Any]:
    """For every parameter a pointer or the bytes of a number; what was compiled in is none."""
    leaves = list(_leaves(signature, signature.values(), values))
    tensors = {name: _tensor(name, value) for name, kind, value in leaves if kind.startswith("*")}
    pointers = pointers_to(tensors)
    return [pointers[name] if name in pointers else _number(name, kind, value) for name, kind, value in leaves]


def _leaves(names: Any, kinds: Any, values: Any) -> Iterator[tuple[str, str, Any]]:
    for name, kind, value in zip(names, kinds, values, strict=True):
        if isinstance(kind, tuple):
            yield from _leaves([f"{name}[{place}]" for place in range(len(kind))], kind, value)
        elif kind != "constexpr":
            yield name, kind, value


def _tensor(name: str, value: Any) -> torch.Tensor:
    value = getattr(value, "base", value) if not isinstance(value, torch.Tensor) else value  # triton.reinterpret
    if not isinstance(value, torch.Tensor):
        raise UsageError(f"{name} is {type(value).__name__}; within opbench.ptx.device pointers are tensors on the CPU")
    return value


def _number(name: str, kind: str, value: Any) -> bytes:
    """Its bytes as the kernel's parameter has them."""
    if kind == "bf16":
        return torch.tensor([value], dtype=torch.bfloat16).view(torch.uint8).numpy().tobytes()
    if kind not in SCALARS:
        raise UsageError(f"{name} is of Triton's type {kind!r}; known are tensors and {', '.join(SCALARS)}, bf16")
    try:
        return np.array(value, SCALARS[kind]).tobytes()
    except OverflowError as error:
        raise UsageError(f"{name} is {value}, which is no {kind}: {error}") from error
