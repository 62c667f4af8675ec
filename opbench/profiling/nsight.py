"""Counts what a case's GPU kernels move and wait for, with NVIDIA Nsight Compute (`ncu`)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from opbench.case import Case
from opbench.errors import MachineError
from opbench.profiling import ncu_report
from opbench.profiling.counted import Counted
from opbench.profiling.outside import run_once, scratch_folder
from opbench.profiling.request import Request, range_name

CALLS = 3
"""Every kernel is run several times over for each, so few; more than one shows that they are alike."""

INSTALLED = ("/usr/local/cuda*/bin/ncu", "/opt/nvidia/nsight-compute/*/ncu")
"""Where NVIDIA's packages put it; the last in alphabetical order is the newest."""

NOTE = (
    "each kernel began with empty caches and the GPU's clocks were left free; "
    "output still in the L2 cache at a kernel's end is not in its DRAM bytes"
)


def counted(case: Case, time_limit_s: float, threads: int = 0) -> Counted:
    """Bytes to and from memory and L2 cache, duration, occupancy, launch and the top reasons to stall, per call.

    Only kernels of the calls are profiled, one at a time: preparing and warming up are not in the figures.
    Raises MachineError, in one line, for a case on the CPU, where ncu is missing, may not count, or matched no kernel,
    where the case cannot run here, and when it takes longer than time_limit_s seconds.
    """
    if case.point.device != "cuda":
        raise MachineError(f"ncu counts GPU kernels, and this case runs on {case.point.device}; ask perf, or for cuda")
    ncu = find_ncu(os.environ)
    if ncu is None:
        raise MachineError(
            "ncu (Nsight Compute) is neither on the PATH nor under CUDA_HOME or /usr/local/cuda*; install the CUDA "
            "toolkit or nsight-compute (developer.nvidia.com/nsight-compute)"
        )
    with scratch_folder() as folder:
        request = Request(case, folder, calls=CALLS, region="cuda", threads=threads)
        # ncu separates thousands as the locale does: in C as its base units do, not at all or by commas.
        ran = run_once(request, time_limit_s, command(ncu, case, folder), {"LC_ALL": "C"})
        log = folder / "log"
        printed = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        kernels = ncu_report.kernels_of(printed)
        if not kernels and (reason := refusal(printed + ran.said)):
            raise MachineError(reason)
        calls = ran.result("ncu")["calls"]
    if not kernels:
        raise MachineError(f"ncu matched no kernel in the calls of {case.backend}: it starts none, or ncu saw no range")
    return Counted("ncu", ncu_report.figures(kernels, calls), (NOTE, *ncu_report.missing(kernels)))


def find_ncu(environment: Mapping[str, str]) -> str | None:
    """On the PATH, else of the toolkit that CUDA_HOME or CUDA_PATH names, else the newest that is installed."""
    if found := shutil.which("ncu", path=environment.get("PATH")):
        return found
    homes = [environment[name] for name in ("CUDA_HOME", "CUDA_PATH") if environment.get(name)]
    named = [Path(home) / "bin" / "ncu" for home in homes]
    installed = [place for pattern in INSTALLED for place in sorted(Path("/").glob(pattern[1:]), reverse=True)]
    return next((str(place) for place in (*named, *installed) if place.exists()), None)


def command(ncu: str, case: Case, folder: Path) -> list[str]:
    """The words before the program's. The range is one that begins and ends, of all threads, not one of a stack."""
    region = ["--profile-from-start", "off", "--nvtx", "--nvtx-include", range_name(case)]
    printed = ["--csv", "--page", "raw", "--print-units", "base", "--log-file", str(folder / "log")]
    left_alone = ["--clock-control", "none", "--target-processes", "all"]
    return [ncu, *region, *printed, *left_alone, "--metrics", ",".join(ncu_report.METRICS)]


def refusal(said: str) -> str | None:
    """What ncu's complaint means and what to do about it, or None where it has none of those that we know."""
    if "ERR_NVGPUCTRPERM" in said:
        return (
            "ncu may not read the GPU's counters (ERR_NVGPUCTRPERM): run as root, in a container with --cap-add "
            "SYS_ADMIN, or load the driver with NVreg_RestrictProfilingToAdminUsers=0"
        )
    lines = [line.strip() for line in said.splitlines()]
    errors = [line.removeprefix("==ERROR==").strip() for line in lines if line.startswith("==ERROR==")]
    own = [line for line in errors if "returned an error code" not in line]  # the case's own failure, told better there
    return f"ncu: {own[0]}" if own else None
