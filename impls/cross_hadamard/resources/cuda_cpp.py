"""What the CUDA C++ kernels take of a GPU: the instances that a point launches, compiled by nvcc or by NVRTC.

Which instances those are is what `launch_plan.py` says, which a test holds equal to the C++ launches; so the same list
serves `cpp_ext` and `cupy_raw`, and each has its own compiler's word for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

from impls.cross_hadamard.gpu import cupy_kernels, nvcc_ptx, nvrtc
from impls.cross_hadamard.resources import dry_run
from opbench import KernelResources
from opbench.errors import MachineError
from opbench.ptx.cost import ptxas_report

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.launch_plan import Device, Plan
    from opbench import Point
    from opbench.ptx.cost.ptxas_report import Used

FLAGS = ("-Xptxas", "-v", "-cubin")


def by_nvrtc(point: Point, schedule: str) -> tuple[KernelResources, ...]:
    """For `cupy_raw`. Raises MachineError where there is no NVRTC and where it does not compile a kernel."""
    architecture, device = dry_run.target()
    if reason := nvrtc.why_not():
        raise MachineError(f"cannot compile the kernels: {reason}")
    shared = instances(point, schedule, device)
    return tuple(
        _resources(instance, nvrtc.report(instance, architecture), dynamic, f"NVRTC for sm_{architecture}")
        for instance, dynamic in shared.items()
    )


def by_nvcc(point: Point, schedule: str) -> tuple[KernelResources, ...]:
    """For `cpp_ext` on a GPU. Raises MachineError for a point on the CPU, without nvcc, and with its first error."""
    if point.device == "cpu":
        raise MachineError("cpp_ext computes this on the CPU and starts no GPU kernel; ask with device 'cuda'")
    nvcc = nvcc_ptx.nvcc()
    if nvcc is None:
        raise MachineError("no nvcc: neither CUDA_HOME nor the PATH has one; install the CUDA toolkit or set CUDA_HOME")
    architecture, device = dry_run.target()
    shared, source = instances(point, schedule, device), f"nvcc -Xptxas -v for sm_{architecture}"
    return tuple(
        _resources(instance, nvcc_ptx.compiled(nvcc, instance, architecture, FLAGS)[1], dynamic, source)
        for instance, dynamic in shared.items()
    )


def instances(point: Point, schedule: str, device: Device) -> dict[str, int]:
    """The template instances that the point launches, and the dynamic shared memory in bytes that each asks for."""
    shared_bytes: dict[str, int] = {}

    def record(_: Any, plan: Plan, instance: str, __: Any) -> None:
        shared_bytes[instance] = plan.shared

    with (
        mock.patch.object(cupy_kernels, "_launch", record),
        mock.patch.object(cupy_kernels, "device_of", return_value=device),
    ):
        dry_run.run(point, schedule, cupy_kernels)
    return shared_bytes


def _resources(instance: str, report: str, dynamic: int, source: str) -> KernelResources:
    kernels: list[Used] = list(ptxas_report.used(report).values())
    if len(kernels) != 1:
        raise MachineError(f"{source} told of {len(kernels)} kernels in place of {instance}; expected one")
    (usage,) = kernels
    name = instance.replace("opbench::", "")
    return KernelResources(name, usage.registers, usage.spill_bytes, usage.static_bytes + dynamic, source)
