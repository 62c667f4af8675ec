"""What the numbers depend on besides the code: collected once by the process that measures, kept in every record."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from opbench.errors import MachineError

GIB = 1 << 30

TUNABLES = "GLIBC_TUNABLES"

ONE_BLOCK = "glibc.malloc.tcache_count=0"
"""What is freed is merged with its neighbours at once, so that the next output takes the same memory.

An aligned block (PyTorch aligns to 64 bytes) is cut out of a larger one; glibc 2.36 keeps the cuttings in a cache of
the thread, the hole left by a freed output is then too small for the next one, and outputs take turns in two blocks, or
not, for a process's whole life. Of 12 processes with the same code on one core, product at 1x64x14x14 (1.5 MiB, 2 MiB
of L2): two blocks 92 to 95 us in 7, one block 58 to 69 us in 5; 4x64x28x28 (24 MiB): 2.47 to 2.76 ms with two, 1.60 to
1.70 ms with one. With this, all twelve have one: 84 to 93 us and 1.47 to 1.60 ms (2-core Xeon, family 6, model 207).
Other C libraries ignore it.
"""

PINNED = {
    # Unpinned, whether a large fresh output costs page faults is a lottery per process and call order:
    # 5 fills of 64 MiB took 81,925 faults at 1.8 GiB/s unpinned and 0 at 14.7 GiB/s pinned (2-core EPYC VM,
    # glibc 2.36). Values are past any output that fits: serve everything from the heap and never trim it.
    "MALLOC_MMAP_THRESHOLD_": str(1 << 40),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 41),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "PYTHONHASHSEED": "0",
    # Inductor otherwise keeps a pool of compiler processes that wake up beside the measurement.
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
    TUNABLES: ONE_BLOCK,
}
"""Environment variables every measuring process is started with, and which its records repeat."""


WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Environment variables by which threads that wait for each other spin or sleep; what is set is recorded. Not set, GNU
OpenMP spins for about a millisecond and then sleeps."""


def pinned(environment: Mapping[str, str]) -> dict[str, str]:
    """These variables with PINNED in place of theirs; the C library's other tunables stay, before ours."""
    theirs = [one for one in environment.get(TUNABLES, "").split(":") if one and one != ONE_BLOCK]
    return {**environment, **PINNED, TUNABLES: ":".join([*theirs, ONE_BLOCK])}  # of two settings the last one counts


LIBRARIES = ("torch", "numpy", "triton", "cupy-cuda13x", "numba-cuda", "fvcore", "onnxruntime")


def set_up(device: str, threads: int = 0) -> None:
    """PyTorch as every process has it that calls a launch: what is timed, counted and traced is the same call.

    threads: of the CPU; 0 leaves PyTorch's choice. Raises MachineError where the device is not here.
    """
    import torch

    if threads:
        torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    if device != "cuda":
        return
    if not torch.cuda.is_available():
        raise MachineError("PyTorch sees no CUDA device here; there is: cpu")
    torch.backends.cudnn.allow_tf32 = False  # a float32 result is a float32 result, see Tolerance


def describe(device: str) -> dict[str, Any]:
    """The machine and software of this process as flat JSON: sizes in bytes, frequencies in hertz.

    `device` is `cpu` or `cuda`; for `cuda` the accelerator's own properties are added.
    """
    import psutil
    import torch

    found = {
        "device": device,
        "device_name": _cpu_name(),
        "cores": psutil.cpu_count(logical=False) or os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "threads": torch.get_num_threads(),
        "os": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: found for name in LIBRARIES if (found := _version(name))},
        "waiting": {name: os.environ[name] for name in WAITING if name in os.environ},
        "pinned": {name: os.environ.get(name, "") for name in PINNED},
        "transparent_hugepages": _hugepages(),
        "load_average": os.getloadavg()[0],
    }
    if device == "cuda":
        found |= _accelerator(torch)
    return found


def _accelerator(torch: Any) -> dict[str, Any]:
    properties = torch.cuda.get_device_properties(0)
    return {
        "device_name": properties.name,
        "device_memory_bytes": properties.total_memory,
        "multiprocessors": properties.multi_processor_count,
        "l2_bytes": properties.L2_cache_size,
        "capability": f"{properties.major}.{properties.minor}",
        "cuda": torch.version.cuda,
    }


def revision(root: Path | None = None) -> str:
    """The commit the code comes from, `+dirty` when files differ from it, or `unknown` outside a checkout."""
    where = root or Path(__file__).parent
    try:
        commit = _git(where, "rev-parse", "--short=12", "HEAD")
        return commit + ("+dirty" if _git(where, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(where: Path, *words: str) -> str:
    command = ["git", "-C", str(where), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _hugepages() -> str:
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    try:
        text = setting.read_text(encoding="utf-8")
    except OSError:
        return "unknown"
    return text[text.find("[") + 1 : text.find("]")]
