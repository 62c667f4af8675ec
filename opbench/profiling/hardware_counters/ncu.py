"""Counts what a case's GPU kernels move and wait for, with NVIDIA Nsight Compute (`ncu`)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from opbench.case import Case
from opbench.errors import MachineError
from opbench.profiling.hardware_counters import ncu_csv
from opbench.profiling.hardware_counters.counter_values import CounterValues
from opbench.profiling.target.request import TargetRequest, range_name
from opbench.profiling.target.spawn import run_target, scratch_folder

CALLS = 3
"""Every kernel is run several times over for each, so few; more than one shows that they are alike."""

INSTALLED = ("/usr/local/cuda*/bin/ncu", "/opt/nvidia/nsight-compute/*/ncu")
"""Where NVIDIA's packages put it; the last in alphabetical order is the newest."""

NOTE = (
    "each kernel began with empty caches and the GPU's clocks were left free; "
    "output still in the L2 cache at a kernel's end is not in its DRAM bytes"
)


def count_with_ncu(case: Case, time_limit_s: float, threads: int = 0) -> CounterValues:
    """Count bytes to and from memory and L2 cache, duration, occupancy, launch and the top reasons to stall, per call.

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
        request = TargetRequest(case, folder, calls=CALLS, region="cuda", threads=threads)
        # ncu separates thousands as the locale does: in C as its base units do, not at all or by commas.
        target = run_target(request, time_limit_s, ncu_command(ncu, case, folder), {"LC_ALL": "C"})
        log_file = folder / "log"
        log = log_file.read_text(encoding="utf-8", errors="replace") if log_file.exists() else ""
        kernels = ncu_csv.read_kernels(log)
        if not kernels and (reason := ncu_refusal(log + target.output)):
            raise MachineError(reason)
        calls = target.answer_or_raise("ncu")["calls"]
    if not kernels:
        raise MachineError(f"ncu matched no kernel in the calls of {case.backend}: it starts none, or ncu saw no range")
    return CounterValues("ncu", ncu_csv.figures_per_call(kernels, calls), (NOTE, *ncu_csv.missing_notes(kernels)))


def find_ncu(environment: Mapping[str, str]) -> str | None:
    """Find it on the PATH, else in the toolkit that CUDA_HOME or CUDA_PATH names, else the newest installed."""
    if on_path := shutil.which("ncu", path=environment.get("PATH")):
        return on_path
    toolkits = [environment[name] for name in ("CUDA_HOME", "CUDA_PATH") if environment.get(name)]
    in_toolkits = [Path(toolkit) / "bin" / "ncu" for toolkit in toolkits]
    installed = [path for pattern in INSTALLED for path in sorted(Path("/").glob(pattern[1:]), reverse=True)]
    return next((str(path) for path in (*in_toolkits, *installed) if path.exists()), None)


def ncu_command(ncu: str, case: Case, folder: Path) -> list[str]:
    """Return the words before the program's. The range is one that begins and ends, of all threads, not of a stack."""
    region = ["--profile-from-start", "off", "--nvtx", "--nvtx-include", range_name(case)]
    output = ["--csv", "--page", "raw", "--print-units", "base", "--log-file", str(folder / "log")]
    left_alone = ["--clock-control", "none", "--target-processes", "all"]
    return [ncu, *region, *output, *left_alone, "--metrics", ",".join(ncu_csv.METRICS)]


def ncu_refusal(output: str) -> str | None:
    """Return what ncu's complaint means and what to do about it, or None where it has none of those that we know."""
    if "ERR_NVGPUCTRPERM" in output:
        return (
            "ncu may not read the GPU's counters (ERR_NVGPUCTRPERM): run as root, in a container with --cap-add "
            "SYS_ADMIN, or load the driver with NVreg_RestrictProfilingToAdminUsers=0"
        )
    lines = [line.strip() for line in output.splitlines()]
    errors = [line.removeprefix("==ERROR==").strip() for line in lines if line.startswith("==ERROR==")]
    # The case's own failure, as ncu tells it, is left out: the answer says more.
    of_ncu = [error for error in errors if "returned an error code" not in error]
    return f"ncu: {of_ncu[0]}" if of_ncu else None
