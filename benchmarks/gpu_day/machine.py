"""What the machine is: driver, clocks, device, processors and the versions of what is installed. Prints JSON."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

LIBRARIES = (
    "torch", "triton", "cupy-cuda13x", "cupy-cuda12x", "numba-cuda", "numba", "onnxruntime", "onnxruntime-gpu", "timm",
    "numpy", "pytest", "fvcore", "hypothesis",
)  # fmt: skip
TOOLS = ("nvcc", "ncu", "nsys", "compute-sanitizer", "g++", "ninja", "git")
SMI = (
    "name,driver_version,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,pstate,persistence_mode,power.limit,"
    "temperature.gpu,ecc.mode.current,mig.mode.current"
)


def version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def smi() -> list[str]:
    """A line for each device, or the one reason why there is none."""
    if shutil.which("nvidia-smi") is None:
        return ["no nvidia-smi on the PATH"]
    words = ["nvidia-smi", f"--query-gpu={SMI}", "--format=csv"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as exc:
        return [f"nvidia-smi: {exc}"]
    return (done.stdout or done.stderr).splitlines()


def device() -> dict[str, Any]:
    import torch

    found: dict[str, Any] = {"torch": torch.__version__, "cuda": torch.version.cuda}
    if not torch.cuda.is_available():
        return found | {"device": None}
    properties = torch.cuda.get_device_properties(0)
    cudnn: Callable[[], int | None] = torch.backends.cudnn.version
    names = ("name", "major", "minor", "multi_processor_count", "total_memory", "L2_cache_size")
    return found | {
        "device": {name: getattr(properties, name, None) for name in names},
        "cudnn": cudnn(),
    }


def main() -> int:
    about = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "tools": {name: shutil.which(name) for name in TOOLS},
        "nvidia_smi": smi(),
    }
    print(json.dumps(about, indent=1), flush=True)  # before PyTorch is asked, which may hang beside a broken driver
    print(json.dumps(device()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
