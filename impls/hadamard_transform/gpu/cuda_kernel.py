"""The CUDA kernel (`csrc/cuda/transform.cuh`): compiled by NVRTC to PTX, launched through CuPy or on the PTX machine.

Where `opbench.ptx.current()` is a device, launches take CPU tensors and go there; else CUDA tensors and the GPU.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from impls.cross_hadamard.gpu import nvrtc
from impls.cross_hadamard.gpu.cupy_kernels import ELEMENTS
from impls.hadamard_transform.gpu.contiguous import through_contiguous
from impls.hadamard_transform.matrices import of_order
from impls.hadamard_transform.orders import Factored, factored
from opbench import ptx
from opbench.errors import MachineError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from impls.hadamard_transform.backend_entry import Call

HEADER = Path(__file__).parents[1] / "csrc" / "cuda" / "transform.cuh"
TOGETHER = 1024
"""Elements that a thread block has at least: blocks of the transform that are smaller share one."""
MOST_SHARED = 227 << 10
"""Bytes of a thread block's shared memory on sm_90, where it is asked for."""
WITHOUT_ASKING = 48 << 10


class Plan(NamedTuple):
    """How a call is launched. each: blocks of the transform a thread block has. shared: its bytes of shared memory."""

    grid: int
    threads: int
    each: int
    shared: int


def plan_of(call: Call) -> Plan:
    """Raises UsageError for a block that shared memory cannot hold."""
    each = max(1, TOGETHER // call.block)
    width = 8 if call.x.dtype == torch.float64 else 4
    shared = each * call.block * width
    if shared > MOST_SHARED:
        raise UsageError(f"takes blocks whose sums fit into {MOST_SHARED} bytes of shared memory, not {shared}")
    blocks = call.x.numel() // call.block
    return Plan(-(-blocks // each), 256 if call.block <= 4096 else 512, each, shared)


def transform(call: Call) -> Tensor:
    """The call's result; `out` may be x itself. Raises MachineError where NVRTC is missing or does not compile."""
    return through_contiguous(call, _launch)


def _launch(call: Call, x: Tensor, out: Tensor) -> None:
    plan, parts = plan_of(call), factored(call.block)
    instance = f"opbench_hadamard::transform<{ELEMENTS[x.dtype]}, {parts.order}>"
    matrix = _matrix(parts.order, call.transposed, x.dtype, str(x.device))
    tensors = (x, call.before, call.after, matrix, out)
    sizes = (x.numel() // call.block, x.shape[-1])
    device = ptx.current()
    if device is not None:
        text, name = compiled(instance, device.properties.architecture.removeprefix("sm_"))
        pointers = [0 if tensor is None else tensor for tensor in tensors]
        arguments = [*pointers, *sizes, parts.length, plan.each, call.scale]
        device.launch(text, name, plan.grid, plan.threads, arguments, shared=plan.shared)
        return
    _launch_on_gpu(instance, plan, parts, tensors, sizes, call.scale)


def _launch_on_gpu(
    instance: str, plan: Plan, parts: Factored, tensors: tuple[Tensor | None, ...], sizes: tuple[int, int], scale: float
) -> None:
    import cupy
    import numpy as np

    x = tensors[0]
    assert x is not None
    number = x.device.index
    with cupy.cuda.Device(number), cupy.cuda.ExternalStream(torch.cuda.current_stream(x.device).cuda_stream, number):
        kernel = _loaded(instance, number)
        if plan.shared > WITHOUT_ASKING:
            kernel.max_dynamic_shared_size_bytes = plan.shared
        pointers = [0 if tensor is None else tensor.data_ptr() for tensor in tensors]
        arguments = (*pointers, *sizes, np.int32(parts.length), np.int32(plan.each), np.float64(scale))
        kernel((plan.grid,), (plan.threads,), arguments, shared_mem=plan.shared)


@lru_cache(maxsize=32)
def _matrix(order: int, transposed: bool, dtype: torch.dtype, device: str) -> Tensor:
    matrix = of_order(order)
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    return (matrix.T if transposed else matrix).contiguous().to(device, wide)


@lru_cache(maxsize=64)
def _loaded(instance: str, number: int) -> Any:
    import cupy

    text, name = compiled(instance, cupy.cuda.Device(number).compute_capability)
    return cupy.RawModule(code=text).get_function(name)


@lru_cache(maxsize=64)
def compiled(instance: str, architecture: str) -> tuple[str, str]:
    """PTX of a template instance and the kernel's name in it. architecture: a compute capability, such as "90".

    Raises MachineError where there is no NVRTC, and with its first error where it does not compile.
    """
    if reason := nvrtc.why_not():
        raise MachineError(f"cannot compile {instance}: {reason}")
    from cupy.cuda import nvrtc as library

    with nvrtc.program(HEADER, instance, f"compute_{architecture}") as made:
        return nvrtc.text_of(library.getPTX(made)), nvrtc.text_of(library.getLoweredName(made, instance))
