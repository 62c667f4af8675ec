"""Compiles what would be launched, for a GPU that need not be there.

`python -m impls.cross_hadamard.gpu.triton_kernels.compiling` prints one line of JSON per kernel: registers, bytes
spilled, shared memory and its stores to global memory. It has to run without TRITON_INTERPRET. Exit code 3, with
the reason, where triton cannot compile for NVIDIA.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from impls.cross_hadamard.gpu.triton_kernels import operations

TARGET = GPUTarget("cuda", 90, 32)
TYPES = {
    torch.float32: "*fp32",
    torch.float16: "*fp16",
    torch.bfloat16: "*bf16",
    torch.float64: "*fp64",
    torch.int64: "*i64",
}
Recorded = tuple[Any, tuple[Any, ...], dict[str, Any]]


def why_not() -> str | None:
    """Why nothing can be compiled here, or None."""
    if triton.knobs.runtime.interpret:
        return "TRITON_INTERPRET is set: kernels are interpreted, not compiled"
    if "nvidia" not in triton.backends.backends:
        return "this triton has no nvidia backend"
    return None


def recorded(run: Callable[[], object]) -> list[Recorded]:
    """The launches `run` would make: kernel, arguments and compile-time arguments."""
    launches: list[Recorded] = []

    def record(compiled: Any, _: object, __: object, arguments: tuple[Any, ...], fixed: dict[str, Any]) -> None:
        launches.append((compiled, arguments, fixed))

    with mock.patch.object(operations, "launch", record):
        run()
    return launches


def binary_of(launch: Recorded, target: GPUTarget = TARGET) -> Any:
    """What triton compiles one launch to, its pointers 16-byte aligned: `asm["ptx"]`, `asm["cubin"]`, `metadata`."""
    kernel, arguments, fixed = launch
    constants = {name: value for name, value in fixed.items() if name != "num_warps"}
    names = list(kernel.arg_names)
    signature = {name: kind_of(value) for name, value in zip(names, arguments, strict=False)}
    aligned = {(place,): [["tt.divisibility", 16]] for place, kind in enumerate(signature.values()) if kind[0] == "*"}
    source = ASTSource(
        kernel,
        signature | dict.fromkeys(constants, "constexpr"),
        constexprs={(names.index(name),): value for name, value in constants.items()},
        attrs=aligned,
    )
    return triton.compile(source, target=target, options={"num_warps": fixed["num_warps"], "num_stages": 1})


def compile_launch(launch: Recorded, target: GPUTarget = TARGET) -> dict[str, Any]:
    """Compile one launch and say what the GPU would be given."""
    kernel, arguments, fixed = launch
    constants = {name: value for name, value in fixed.items() if name != "num_warps"}
    binary = binary_of(launch, target)
    stores = sorted(set(re.findall(r"st\.global[.\w]*", binary.asm["ptx"])))
    report = {"kernel": kernel.fn.__name__, "dtype": kind_of(arguments[0]), "warps": fixed["num_warps"]}
    report |= {name: str(value) for name, value in constants.items()}
    return report | {"shared": binary.metadata.shared, "stores": stores} | resources_of(binary)


def kind_of(value: Any) -> str:
    """The type of an argument, in triton's words."""
    if isinstance(value, torch.Tensor):
        return TYPES[value.dtype]
    return "i32" if value < 2**31 else "i64"


def resources_of(binary: Any) -> dict[str, int]:
    """Registers of a thread and bytes of its stack, where spills go, from the tool that ships with triton.

    binary: what `binary_of` compiled.
    """
    tool = triton.knobs.nvidia.cuobjdump.path
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernel.cubin"
        path.write_bytes(binary.asm["cubin"])
        text = subprocess.run([tool, "-res-usage", str(path)], capture_output=True, text=True, check=True).stdout
    used = re.search(r"REG:(\d+) STACK:(\d+)", text, re.DOTALL)
    assert used is not None, f"{tool} printed no resource usage: {text!r}"
    return {"registers": int(used[1]), "spilled": int(used[2])}


def launches(dtype: torch.dtype) -> Iterator[Recorded]:
    """Everything launched for one dtype: large and aligned maps, small and odd ones, plain and selected."""
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    index, factors = torch.zeros(64, 16, dtype=torch.int64), torch.zeros(120, dtype=wide)
    parts = (factors[:1], factors, factors)
    large, odd = torch.empty(64, 16, 32, 32, dtype=dtype), torch.empty(64, 16, 7, 7, dtype=dtype)
    none = torch.empty(0, dtype=dtype)
    for schedule in ("direct", "balanced", "blocked", "flat"):
        yield from recorded(partial(operations.forward, large, None, none, schedule))
    for x, schedule in ((large, "blocked"), (odd, "flat")):
        yield from recorded(partial(operations.expand, x, index, *parts, "softsign", none, schedule))
    yield from recorded(partial(operations.forward, odd, index, none, "flat"))
    yield from recorded(partial(operations.backward, none, large, None, none))
    yield from recorded(partial(operations.backward, none, torch.empty(2, 200, 7, 7, dtype=dtype), None, none))
    yield from recorded(partial(operations.expand_backward, none, large, index, *parts, "tanh", none))
    yield from recorded(partial(operations.expand_backward, none, odd[:2], index[:2], *parts, "tanh", none))


def main() -> int:
    if reason := why_not():
        print(reason)
        return 3
    os.environ.setdefault("TRITON_DEFAULT_FP_FUSION", "1")  # said explicitly, or newer versions warn
    for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.float64):
        for launch in launches(dtype):
            print(json.dumps(compile_launch(launch)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
