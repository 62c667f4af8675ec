"""The Numba kernels compiled for a GPU that is not here: stores, local memory, approximations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

if not torch.cuda.is_available():
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"  # before the first import of numba
pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from impls.cross_hadamard.gpu import numba_kernels
from impls.cross_hadamard.gpu.numba_kernels.language import target
from opbench.ptx.compilers.numba_compiler import toolkit

from ....compiled import release, remembered
from .numba_values import DEVICE, SCHEDULES, pair_products, rounded, same, selected, values

COMPILE = """
import json, re, sys
from types import SimpleNamespace
from numba import cuda, types
from numba.cuda import cuda_paths, dispatcher
from numba.cuda.cudadrv import nvrtc
if not cuda.is_available():  # what is asked of a device or of NVRTC before NVVM may compile
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=(9, 0))
    nvrtc.get_supported_ccs = lambda: ((9, 0),)
    cuda_paths._get_nvrtc_path = lambda: None
from numba.cuda.cudadrv import nvvm
try:
    nvvm.NVVM()
except Exception as error:
    sys.exit(f"NVVM: {type(error).__name__}: {error}")
from impls.cross_hadamard.gpu.numba_kernels import blocked, columns, expand_owners, flat, owners, published
from impls.cross_hadamard.gpu.numba_kernels import words
def kernels_of(one, wide, vector): return {
    "direct": (published.direct_kernel(one, True), 8),
    "balanced": (published.balanced_kernel(one, True), 8),
    "blocked": (blocked.blocked_kernel(wide, vector, 8, True, None), 11),
    "blocked expand": (blocked.blocked_kernel(wide, vector, 8, True, "softsign"), 11),
    "flat": (flat.flat_kernel(one, 16 // one.size, True, 32, False, None), 12),
    "flat expand": (flat.flat_kernel(one, 16 // one.size, False, 64, True, "tanh"), 12),
    "owner": (owners.owner_kernel(one, True), 8),
    "columns": (columns.columns_kernel(wide, True, "algebraic", 128), 12),
    "expand_owner": (expand_owners.expand_owner_kernel(wide, 128, "sigmoid"), 11),
}
for dtype in sys.argv[1:]:
    one, wide = words.word_of(dtype, 1), words.word_of(dtype, 2)
    for name, (kernel, count) in kernels_of(one, wide, 16 // wide.size).items():
        signature = (types.int64,) * count
        code, _ = cuda.compile(kernel.py_func, signature, cc=(9, 0), device=False, output="ptx", abi="numba")
        code = code.decode() if isinstance(code, bytes) else code
        stores, depot = sorted(set(re.findall(r"st[.]global[.a-z0-9]*", code))), "__local_depot" in code
        flushes = bool(re.search(r"[.]ftz|[.]approx", code))
        made = {"dtype": dtype, "name": name, "stores": stores, "depot": depot, "flushes": flushes}
        print(json.dumps(made), flush=True)
"""


@pytest.fixture(scope="module")
def compiled() -> list[dict[str, Any]]:
    """PTX of every kernel for sm_90, by a process without the simulator: stores, local memory, approximations."""
    releases = [release(name) for name in ("numba-cuda", "numba", "nvidia-cuda-nvcc", "nvidia-nvvm")]
    found: list[dict[str, Any]] = remembered([COMPILE, str(toolkit()), *releases], SOURCES, _compiled)
    return found


def _compiled() -> list[dict[str, Any]]:
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_ENABLE_CUDASIM"}
    if root := toolkit():
        environment["CUDA_HOME"] = root
    ran = subprocess.run(
        [sys.executable, "-c", COMPILE, *WIDEST],
        capture_output=True, text=True, check=False, env=environment, cwd=Path(__file__).parents[4],
    )  # fmt: skip
    if "NVVM: " in ran.stderr and not ran.stdout:
        pytest.skip(f"compiling without a GPU needs NVVM: {ran.stderr.strip().splitlines()[-1]}")
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


SOURCES = Path(numba_kernels.__file__).parents[1]

WIDEST = {"float32": "v4.f32", "float16": "v4.b32", "bfloat16": "v4.b32", "float64": "v2.f64"}
"""16 bytes, by dtype."""


def test_every_kernel_compiles_for_every_dtype_and_keeps_its_registers(compiled: list[dict[str, Any]]) -> None:
    assert len(compiled) == 9 * len(WIDEST)
    assert [made for made in compiled if made["depot"]] == [], "registers went to local memory"


def test_all_stores_are_streaming_and_ours_are_of_16_bytes(compiled: list[dict[str, Any]]) -> None:
    for made in compiled:
        assert all(store.startswith("st.global.cs") for store in made["stores"]), made
        if made["name"].startswith(("blocked", "flat")):
            assert f"st.global.cs.{WIDEST[made['dtype']]}" in made["stores"], made


def test_products_neither_flush_denormals_nor_approximate(compiled: list[dict[str, Any]]) -> None:
    assert [made for made in compiled if made["flushes"] and made["name"] in SCHEDULES] == []


@pytest.mark.gpu
@pytest.mark.skipif(target.SIMULATED, reason="needs a CUDA device: the simulator has no streams")
def test_a_warm_launch_can_be_captured_in_a_graph() -> None:
    x = values(2, 8, 4, 4, dtype=torch.float32)
    out = torch.empty(2, 28, 4, 4, device=DEVICE)
    for schedule in SCHEDULES:
        numba_kernels.forward(x, None, out, schedule)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            numba_kernels.forward(x, None, out, schedule)
        x.copy_(values(2, 8, 4, 4, dtype=torch.float32, seed=5))
        out.zero_()
        graph.replay()
        same(out.cpu(), rounded(pair_products(selected(x, None)), torch.float32))
