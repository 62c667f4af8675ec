"""The CUDA kernels through CuPy: compiled by NVRTC instance by instance on first use, launched on torch's tensors.

Zero-copy: kernels are given the tensors' own pointers, on torch's current stream, in the same CUDA context. The four
functions take contiguous, non-empty, checked tensors on one CUDA device; on the CPU while a device of `opbench.ptx` is
active, which then executes the PTX of the same instances.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch

from impls.cross_hadamard.gpu import cuda_on_ptx, launch_plan, nvrtc
from impls.cross_hadamard.gpu.launch_plan import Device, Plan, Problem
from opbench import ptx

if TYPE_CHECKING:
    from torch import Tensor

    from impls.cross_hadamard.gpu.cuda_on_ptx import Argument

ELEMENTS = {
    torch.float32: "float",
    torch.float64: "double",
    torch.float16: "__half",
    torch.bfloat16: "__nv_bfloat16",
}
NORMS = {name: f"opbench::{name.capitalize()}" for name in ("softsign", "sigmoid", "algebraic", "tanh", "identity")}
SHARED_WITHOUT_ASKING = 48 << 10


def unavailable() -> str | None:
    """Why these kernels cannot run here, or None."""
    if reason := nvrtc.why_not():
        return reason
    return None if torch.cuda.is_available() else "no CUDA device: PyTorch sees none on this machine"


def forward(x: Tensor, index: Tensor | None, out: Tensor, schedule: str) -> None:
    """out (B, P, H, W) = products of x (B, C, H, W), or of its channels index (B, k) int64; four schedules."""
    kind = ELEMENTS[x.dtype]
    problem = problem_of(x, index, x, out)
    if schedule in {"direct", "balanced"}:
        plan = launch_plan.direct(problem) if schedule == "direct" else launch_plan.balanced(problem)
        sizes = (problem.batch, problem.channels, problem.n, problem.height, problem.width)
        _launch(x, plan, f"opbench::{schedule}<{kind}>", (x, index, out, *sizes))
        return
    _fused(x, index, (None, None, None), out, schedule, problem, f"opbench::Product<{kind}>")


def expand(
    x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, out: Tensor, schedule: str
) -> None:
    """out (B, C + P, H, W) = x, then normalised products; alpha (1,), weight, bias (P,) float32 (or all float64)."""
    problem = problem_of(x, index, x, out)._replace(lead=x.shape[1])
    epilogue = f"opbench::Normalised<{ELEMENTS[x.dtype]}, {_norm(norm)}>"
    _fused(x, index, (alpha, weight, bias), out, schedule, problem, epilogue)


def backward(grad: Tensor, x: Tensor, index: Tensor | None, grad_x: Tensor) -> None:
    """grad_x (B, C, H, W), written whole, from grad (B, P, H, W)."""
    problem, kind = problem_of(x, index, x, grad, grad_x), ELEMENTS[x.dtype]
    plan, sizes = launch_plan.backward(problem, device_of(x)), _sizes(problem)
    if plan.tile:
        instance = columns_instance(kind, plan, f"opbench::Unit<{kind}>")
        _launch(x, plan, instance, (grad, x, index, None, None, grad_x, None, *sizes))
        return
    _launch(x, plan, f"opbench::owner<{kind}>", (grad, x, index, grad_x, *sizes))


def expand_backward(
    grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, grad_x: Tensor
) -> Tensor:
    """grad_x (B, C, H, W), written whole; sums (parts, 3, P) for weight, bias, alpha; from grad (B, C + P, H, W)."""
    del bias  # its gradient does not depend on it
    kind = ELEMENTS[x.dtype]
    problem = problem_of(x, index, x, grad, grad_x)._replace(lead=x.shape[1])
    plan = launch_plan.backward(problem, device_of(x))
    sums = torch.empty(launch_plan.sum_parts(problem, plan), 3, problem.pairs, dtype=weight.dtype, device=x.device)
    instance = f"opbench::expand_owner<{kind}, {_norm(norm)}>"
    if plan.tile:
        instance = columns_instance(kind, plan, f"opbench::Slope<{kind}, {_norm(norm)}>")
    _launch(x, plan, instance, (grad, x, index, alpha, weight, grad_x, sums, *_sizes(problem)))
    return sums


def problem_of(x: Tensor, index: Tensor | None, *accessed: Tensor) -> Problem:
    """Sizes of an operation on x (B, C, *spatial), and the alignment of the tensors it accesses in vectors."""
    n = x.shape[1] if index is None else index.shape[1]
    width = x.shape[-1] if x.dim() > 2 else 1
    bits = 16
    for tensor in accessed:
        bits |= tensor.data_ptr()
    height = x.numel() // (x.shape[0] * x.shape[1] * width)
    return Problem(x.shape[0], x.shape[1], n, height, width, x.element_size(), bits & -bits)


def blocked_instance(kind: str, plan: Plan, epilogue: str) -> str:
    return f"opbench::blocked<{kind}, {plan.vector}, {plan.tile}, {epilogue}>"


def flat_instance(kind: str, plan: Plan, epilogue: str) -> str:
    return f"opbench::flat<{kind}, {'true' if plan.shared else 'false'}, {epilogue}>"


def columns_instance(kind: str, plan: Plan, scale: str) -> str:
    return f"opbench::columns<{kind}, {plan.vector}, {scale}>"


def _fused(
    x: Tensor,
    index: Tensor | None,
    parameters: tuple[Tensor | None, ...],
    out: Tensor,
    schedule: str,
    problem: Problem,
    epilogue: str,
) -> None:
    device, kind = device_of(x), ELEMENTS[x.dtype]
    arguments = (x, index, *parameters, out)
    sizes = _sizes(problem)
    if schedule == "blocked":
        plan = launch_plan.blocked(problem, device)
        _launch(x, plan, blocked_instance(kind, plan, epilogue), (*arguments, *sizes, plan.group))
    elif schedule == "flat":
        plan = launch_plan.flat(problem, device)
        sizes_of_flat = (*sizes, plan.chunk, plan.magic, plan.shift, plan.vector)
        _launch(x, plan, flat_instance(kind, plan, epilogue), (*arguments, *sizes_of_flat))
    else:
        raise ValueError(
            f"no schedule {schedule!r}; there are direct, balanced, blocked, flat; for ach_expand the last two"
        )


def _sizes(problem: Problem) -> tuple[int, int, int, int]:
    return problem.batch, problem.channels, problem.n, problem.size


def _norm(name: str) -> str:
    if name not in NORMS:
        raise ValueError(f"no norm {name!r}; there are {', '.join(NORMS)}")
    return NORMS[name]


def device_of(x: Tensor) -> Device:
    """What the plans need of the device that the kernels run on."""
    if (simulated := ptx.current()) is not None:
        return cuda_on_ptx.device_of(simulated)
    return _device_of(x.device.index)


@lru_cache(maxsize=64)
def _device_of(number: int) -> Device:
    import cupy

    facts = cupy.cuda.Device(number).attributes
    return Device(facts["MultiProcessorCount"], facts["MaxSharedMemoryPerBlockOptin"])


@lru_cache(maxsize=1024)
def _kernel(instance: str, number: int) -> Any:
    import cupy

    with cupy.cuda.Device(number):
        file, name = nvrtc.compiled(instance, cupy.cuda.Device(number).compute_capability)
        return cupy.RawModule(path=str(file)).get_function(name)


@lru_cache(maxsize=256)
def _stream(pointer: int, number: int) -> Any:
    import cupy

    return cupy.cuda.ExternalStream(pointer, number)


def _launch(x: Tensor, plan: Plan, instance: str, arguments: tuple[Argument, ...]) -> None:
    """On torch's current stream of x's device. Python ints are 64-bit arguments, as all of these are."""
    if (simulated := ptx.current()) is not None:
        cuda_on_ptx.launch(simulated, plan, instance, arguments)
        return
    import cupy

    number = x.device.index
    kernel = _kernel(instance, number)
    with cupy.cuda.Device(number), _stream(torch.cuda.current_stream(x.device).cuda_stream, number):
        if plan.shared > SHARED_WITHOUT_ASKING:
            kernel.max_dynamic_shared_size_bytes = plan.shared
        kernel(plan.grid, plan.block, tuple(map(_value, arguments)), shared_mem=plan.shared)


def _value(argument: Argument) -> int:
    if argument is None:
        return 0
    return argument if isinstance(argument, int) else argument.data_ptr()
