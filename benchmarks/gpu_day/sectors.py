"""The same launches on the PTX machine and under Nsight Compute: sectors loaded and stored, one table.

`python -m benchmarks.gpu_day.sectors FILE` writes JSON; `--without-device` has the machine's columns alone. The CUDA
C++ kernels are launched as CuPy launches them, compiled by NVRTC for sm_90 to PTX here and to a cubin there.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from impls.cross_hadamard.gpu import cupy_kernels, nvrtc
from impls.cross_hadamard.gpu.launch_plan import Device, Plan
from impls.cross_hadamard.kernels import SCHEDULES
from opbench import ptx
from opbench.errors import MachineError
from opbench.profiling.hardware_counters.ncu import find_ncu, ncu_refusal
from opbench.store.files import write_whole

SHAPES = ((2, 16, 28), (3, 17, 7))
"""Batch, channels, edge: maps aligned to vectors, and maps that are not."""
H200 = Device(132, 232448)
METRICS = {
    "l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum": "ncu_read",
    "l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum": "ncu_written",
    "lts__t_sectors_op_read.sum": "ncu_l2_read",
    "lts__t_sectors_op_write.sum": "ncu_l2_written",
}
NCU_S = 25


def ptx_of(instance: str) -> str:
    """PTX of a template instance. Raises MachineError where there is no NVRTC, or it does not compile."""
    if reason := nvrtc.why_not():
        raise MachineError(f"cannot compile {instance}: {reason}")
    from cupy.cuda import nvrtc as library

    includes = tuple(f"-I{folder}" for folder in (nvrtc.FOLDER, *nvrtc.include_folders()))
    program = library.createProgram('#include "kernels.cuh"\n', "kernels.cu", (), ())
    try:
        library.addNameExpression(program, instance)
        library.compileProgram(program, (*nvrtc.OPTIONS, "-arch=compute_90", *includes))
        text: str | bytes = library.getPTX(program)
        return (text if isinstance(text, str) else text.decode()).rstrip("\0")
    except library.NVRTCError as exc:
        raise MachineError(f"NVRTC does not compile {instance}: {exc}") from exc
    finally:
        library.destroyProgram(program)


def values(shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """x (B, C, H, W) float32, and its products' place."""
    batch, channels, edge = shape
    x = torch.randn(batch, channels, edge, edge, generator=torch.Generator().manual_seed(0))
    return x, x.new_empty(batch, channels * (channels - 1) // 2, edge, edge)


def on_machine(shape: tuple[int, int, int], schedule: str, device: Device) -> dict[str, int]:
    """Sectors of one launch, planned for `device`. Raises KernelError for a fault, RuntimeError for a wrong result."""
    x, out = values(shape)
    tensors = {tensor.data_ptr(): tensor for tensor in (x, out)}
    counted: list[ptx.Counters] = []

    def launch(_: Tensor, plan: Plan, instance: str, given: tuple[int, ...]) -> None:
        arrays: list[Any] = [tensors.get(each, each) for each in given]
        counted.append(ptx.run(ptx_of(instance), None, plan.grid, plan.block, arrays, shared=plan.shared).counters)

    with (
        mock.patch.object(cupy_kernels, "_launch", launch),
        mock.patch.object(cupy_kernels, "device_of", return_value=device),
    ):
        cupy_kernels.forward(x, None, out, schedule)
    i, j = torch.triu_indices(x.shape[1], x.shape[1], 1)
    if not torch.equal(out, x[:, i] * x[:, j]):
        raise RuntimeError(f"{schedule} {shape}: the PTX machine's products are wrong")
    return {"ptx_read": counted[0].sectors_read, "ptx_written": counted[0].sectors_written}


def launch_on_device() -> None:
    """What runs under ncu: every launch of the table once, in its order."""
    for shape in SHAPES:
        x, out = (tensor.cuda() for tensor in values(shape))
        for schedule in SCHEDULES:
            cupy_kernels.forward(x, None, out, schedule)
    torch.cuda.synchronize()


def on_device(folder: Path) -> list[dict[str, int]]:
    """A row for each launch. Raises MachineError where ncu is missing, may not count, or counted something else."""
    ncu = find_ncu(os.environ)
    if ncu is None:
        raise MachineError("no ncu on the PATH or under /usr/local/cuda*; install nsight-compute")
    log = folder / "ncu.csv"
    names = ("--kernel-name-base", "demangled", "--kernel-name", "regex:.*opbench.*")
    told = ("--csv", "--page", "raw", "--print-units", "base", "--log-file", str(log), "--metrics", ",".join(METRICS))
    words = [ncu, *names, *told, sys.executable, "-m", "benchmarks.gpu_day.sectors", "--launch", str(log)]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=NCU_S, env=os.environ | {"LC_ALL": "C"}
    )
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    rows = read(text)
    if len(rows) != len(SHAPES) * len(SCHEDULES):
        reason = ncu_refusal(text + done.stdout + done.stderr) or f"ncu counted {len(rows)} launches"
        raise MachineError(f"{reason}; expected {len(SHAPES) * len(SCHEDULES)} launches")
    return rows


def read(text: str) -> list[dict[str, int]]:
    """The metrics of every launch in a page of ncu's raw CSV: names, units, then a row each; no row without all."""
    rows = list(csv.reader(line for line in text.splitlines() if line.startswith('"')))
    if len(rows) < 3 or not set(METRICS) <= set(rows[0]):
        return []
    places = {figure: rows[0].index(metric) for metric, figure in METRICS.items()}
    return [{figure: round(float(row[place].replace(",", ""))) for figure, place in places.items()} for row in rows[2:]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_day.sectors")
    parser.add_argument("file", type=Path)
    parser.add_argument("--without-device", action="store_true", help="the PTX machine alone")
    parser.add_argument("--launch", action="store_true", help="what runs under ncu")
    given = parser.parse_args()
    if given.launch:
        launch_on_device()
        return 0
    device = H200 if given.without_device else cupy_kernels.device_of(torch.empty(0, device="cuda"))
    table: list[dict[str, Any]] = []
    for shape in SHAPES:
        for schedule in SCHEDULES:
            table.append({"shape": shape, "schedule": schedule} | on_machine(shape, schedule, device))
            write_whole(given.file, json.dumps(table, indent=1).encode())
            print(table[-1], flush=True)
    if given.without_device:
        return 0
    try:
        counted = on_device(given.file.parent)
    except (MachineError, subprocess.TimeoutExpired) as exc:
        print(exc)
        return MachineError.exit_code
    table = [row | of_device for row, of_device in zip(table, counted, strict=True)]
    write_whole(given.file, json.dumps(table, indent=1).encode())
    alike = [row["ptx_read"] == row["ncu_read"] and row["ptx_written"] == row["ncu_written"] for row in table]
    print(*table, f"equal in {sum(alike)} of {len(alike)} launches", sep="\n")
    return int(not all(alike))


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except MachineError as exc:
        print(exc)
        raise SystemExit(MachineError.exit_code) from exc
