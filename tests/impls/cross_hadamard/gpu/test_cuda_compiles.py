"""The CUDA kernels for the device itself: they compile without spilling, and the sanitizer has no complaint."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from impls.cross_hadamard.gpu import cupy_kernels, nvcc_kernels, nvrtc

from ....compiled import remembered

KERNELS = Path(cupy_kernels.__file__).parents[1] / "csrc" / "cuda"
# NVRTC and nvcc are given the same text; each takes half a minute for these on one core.
WIDTHS = {"float": (1, 4), "__nv_bfloat16": (1, 8)}


def instances() -> list[str]:
    """Every kernel in the types that matter most, at its narrowest and widest, plain and with the costliest norm."""
    found = []
    for kind, widths in WIDTHS.items():
        epilogues = (f"opbench::Product<{kind}>", f"opbench::Normalised<{kind}, opbench::Tanh>")
        scales = (f"opbench::Unit<{kind}>", f"opbench::Slope<{kind}, opbench::Tanh>")
        found += [f"opbench::direct<{kind}>", f"opbench::balanced<{kind}>"]
        found += [f"opbench::blocked<{kind}, {w}, {t}, {e}>" for w, t, e in product(widths, (2, 8), epilogues)]
        found += [f"opbench::flat<{kind}, {staged}, {e}>" for staged, e in product(("true", "false"), epilogues)]
        found += [f"opbench::columns<{kind}, {1 if kind == 'float' else 2}, {scale}>" for scale in scales]
        found += [f"opbench::owner<{kind}>", f"opbench::expand_owner<{kind}, opbench::Tanh>"]
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What ptxas says of every instance for sm_90."""
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("no nvcc on the PATH: install the CUDA toolkit to compile the kernels for a device")
    release = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    command = [nvcc, "-std=c++17", "-O3", "-arch=sm_90", "-Xptxas", "-v", "-Werror", "all-warnings", f"-I{KERNELS}"]
    folder = tmp_path_factory.mktemp("nvcc")
    printed: str = remembered([release, *command, *instances()], KERNELS.parent, lambda: _told(command, folder))
    return printed


def _told(command: list[str], folder: Path) -> str:
    source = folder / "instances.cu"
    pointers = ",\n  ".join(f"reinterpret_cast<const void*>({one})" for one in instances())
    source.write_text(
        '#include "kernels.cuh"\nextern const void* const kernels[];\n'
        f"const void* const kernels[] = {{\n  {pointers}}};\n"
    )
    done = subprocess.run(
        [*command, "-cubin", "-o", str(folder / "instances.cubin"), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[:3000]
    return done.stderr


def test_every_kernel_compiles_for_sm_90(report: str) -> None:
    assert report.count("Compiling entry function") == len(instances())


def test_no_kernel_spills_registers_or_keeps_an_array_in_local_memory(report: str) -> None:
    frames = re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", report)
    assert len(frames) >= len(instances())
    assert {frame for frame in frames if frame[1:] != ("0", "0")} == set()


def test_two_blocks_of_every_kernel_fit_the_registers_of_a_multiprocessor(report: str) -> None:
    used = [int(count) for count in re.findall(r"Used (\d+) registers", report)]
    assert len(used) >= len(instances())
    assert max(used) <= 65536 // (2 * 128)  # `columns`, in blocks of 128
    blocked = re.findall(r"entry function '\S*7blocked\S*'.*?Used (\d+) registers", report, re.DOTALL)
    assert max(map(int, blocked)) <= 65536 // (2 * 256)


@pytest.mark.parametrize("instance", instances()[::5])
def test_nvrtc_compiles_the_same_headers(instance: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := nvrtc.why_not():
        pytest.skip(reason)

    def told() -> list[Any]:
        """How the file begins, and whether it names the kernel."""
        with monkeypatch.context() as patched:
            patched.setenv("OPBENCH_CACHE", str(tmp_path))  # compiled anew, whatever else of it is kept
            file, name = nvrtc.compiled(instance, "90")
        content = file.read_bytes()
        return [content[:4].hex(), name.encode() in content]

    from cupy.cuda import nvrtc as library

    parts = [Path(nvrtc.__file__).read_text(encoding="utf-8"), str(library.getVersion()), instance]
    assert remembered(parts, KERNELS.parent, told) == [b"\x7fELF".hex(), True]


@pytest.mark.gpu
@pytest.mark.parametrize("tool", ["memcheck", "racecheck", "initcheck"])
def test_the_sanitizer_finds_nothing(tool: str) -> None:
    sanitizer = shutil.which("compute-sanitizer")
    if sanitizer is None:
        pytest.skip("no compute-sanitizer on the PATH: it comes with the CUDA toolkit")
    if reason := nvcc_kernels.unavailable():
        pytest.skip(reason)
    nvcc_kernels.operators()  # built before, and not under the sanitizer
    command = [sanitizer, "--tool", tool, "--error-exitcode", "99", "--kernel-regex", "kns=opbench"]
    script = Path(__file__).parent / "small_launches.py"
    root = Path(nvcc_kernels.__file__).parents[3]
    done = subprocess.run(
        [*command, sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=False,
        # torch's own cache of memory would hide an access past the end of a tensor.
        env=os.environ | {"PYTORCH_NO_CUDA_MEMORY_CACHING": "1", "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert "launched" in done.stdout


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_device_computes_the_bits_that_the_host_does(dtype: torch.dtype) -> None:
    from impls.cross_hadamard.gpu import host_kernels

    x = torch.randn(3, 17, 7, 7, generator=torch.Generator().manual_seed(0)).to(dtype)
    for schedule in ("direct", "balanced", "blocked", "flat"):
        expected, actual = torch.empty(3, 136, 7, 7, dtype=dtype), torch.empty(3, 136, 7, 7, dtype=dtype, device="cuda")
        host_kernels.forward(x, None, expected, schedule)
        nvcc_kernels.forward(x.cuda(), None, actual, schedule)
        assert torch.equal(actual.cpu(), expected)


@pytest.mark.gpu
@pytest.mark.parametrize("schedule", ["direct", "balanced", "blocked", "flat"])
def test_outputs_beyond_two_to_the_31_elements_are_right(schedule: str) -> None:
    n, edge = 65, 1027  # 2080 maps: 2.19e9 elements, 4.4 GB in float16
    if torch.cuda.mem_get_info()[0] < 6 << 30:
        pytest.skip("less than 6 GiB of free memory on the device")
    x = torch.randn(1, n, edge, edge, device="cuda", dtype=torch.float16)
    out = torch.empty(1, n * (n - 1) // 2, edge, edge, device="cuda", dtype=torch.float16)
    nvcc_kernels.forward(x, None, out, schedule)
    for p, (i, j) in ((0, (0, 1)), (1040, (18, 60)), (2035, (55, 56)), (2079, (63, 64))):
        assert p == i * (2 * n - i - 1) // 2 + j - i - 1
        assert torch.equal(out[0, p], x[0, i] * x[0, j])
