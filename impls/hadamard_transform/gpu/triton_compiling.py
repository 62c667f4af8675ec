"""Compiles what would be launched, for a GPU that need not be there: what is interpreted need not compile.

`python -m impls.hadamard_transform.gpu.triton_compiling` prints one line of JSON a kernel: size, dtype, bytes of shared
memory, how many stores to global memory and how wide. It has to run without TRITON_INTERPRET. Exit code 3, with the
reason, where triton cannot compile for NVIDIA.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any
from unittest import mock

import torch

from impls.cross_hadamard.gpu.triton_kernels.compiling import binary_of, why_not
from impls.hadamard_transform.backend_entry import Call
from impls.hadamard_transform.gpu import triton_kernel

SIZES = (
    (2, torch.float32),
    (64, torch.float16),
    (1024, torch.float32),
    (4096, torch.bfloat16),
    (48, torch.float32),
    (2048, torch.float64),
)


def report(size: int, dtype: torch.dtype) -> dict[str, Any]:
    """What sm_90 would be given for rows of `size` elements with signs before them."""
    launches: list[Any] = []

    def record(compiled: Any, _: object, __: object, arguments: tuple[Any, ...], fixed: dict[str, Any]) -> None:
        launches.append((compiled, arguments, fixed))

    call = Call(torch.ones(5, size, dtype=dtype), size, 0.5, before=torch.ones(size, dtype=dtype))
    with mock.patch.object(triton_kernel, "launch", record):
        triton_kernel.transform(call)
    binary = binary_of(launches[0])
    stores = sorted(set(re.findall(r"st\.global[.\w]*", binary.asm["ptx"])))
    return {"size": size, "dtype": str(dtype), "shared": binary.metadata.shared, "stores": stores}


def main() -> int:
    if reason := why_not():
        print(reason)
        return 3
    os.environ.setdefault("TRITON_DEFAULT_FP_FUSION", "1")  # said explicitly, or newer versions warn
    for size, dtype in SIZES:
        print(json.dumps(report(size, dtype)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
