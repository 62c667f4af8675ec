"""Compiles what would be launched, for a GPU that need not be there: what is interpreted need not compile.

`python -m impls.hadamard_transform.gpu.triton_compiling` prints one line of JSON a kernel: size, dtype, bytes of shared
memory, how wide stores to global memory are, which matrix products there are and how many. It has to run without
TRITON_INTERPRET. Exit code 3, with the reason, where triton cannot compile for NVIDIA.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from unittest import mock

import torch

from impls.cross_hadamard.gpu.triton_kernels.compiling import binary_of, resources_of, why_not
from impls.hadamard_transform.backend_entry import Call
from impls.hadamard_transform.gpu import triton_kernel, triton_mma, triton_tiles

SIZES = (
    (2, torch.float32),
    (64, torch.float16),
    (1024, torch.float32),
    (4096, torch.bfloat16),
    (48, torch.float32),
    (2048, torch.float64),
)
PRODUCTS = ((256, torch.bfloat16), (4096, torch.float16), (1024, torch.float32), (256, torch.float64))
"""Of the kernel on matrix units."""


def report(transform: Callable[[Call], object], size: int, dtype: torch.dtype) -> dict[str, Any]:
    """What sm_90 would be given for rows of `size` elements with signs before them."""
    launches: list[Any] = []

    def record(compiled: Any, _: object, __: object, arguments: tuple[Any, ...], fixed: dict[str, Any]) -> None:
        launches.append((compiled, arguments, fixed))

    call = Call(torch.ones(5, size, dtype=dtype), size, 0.5, before=torch.ones(size, dtype=dtype))
    with mock.patch.object(triton_tiles, "launch", record):
        transform(call)
    binary = binary_of(launches[0])
    text = binary.asm["ptx"]
    stores = sorted(set(re.findall(r"st\.global[.\w]*", text)))
    products = Counter(re.findall(r"(?:wg)?mma[.\w]*\.m\d+n\d+k\d+[.\w]*", text))
    told = {"size": size, "dtype": str(dtype), "shared": binary.metadata.shared, "stores": stores, "products": products}
    return told | resources_of(binary)


def main() -> int:
    if reason := why_not():
        print(reason)
        return 3
    os.environ.setdefault("TRITON_DEFAULT_FP_FUSION", "1")  # said explicitly, or newer versions warn
    for transform, sizes in ((triton_kernel.transform, SIZES), (triton_mma.transform, PRODUCTS)):
        for size, dtype in sizes:
            print(json.dumps(report(transform, size, dtype)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
