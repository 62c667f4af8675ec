"""Measures the candidate configurations on a GPU; what wins belongs into `planning`, never into a launch."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

import torch

from impls.cross_hadamard.gpu.triton_kernels import operations
from impls.cross_hadamard.gpu.triton_kernels.planning import Configuration, power_of_two
from opbench.errors import MachineError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

REPEATS = 20
OPERATIONS = ("forward", "backward", "expand", "expand_backward")


def candidates(operation: str, schedule: str, n: int, size: int) -> list[Configuration]:
    """The configurations worth measuring; `schedule` is "blocked" or "flat", and without effect for a backward."""
    blocks = [block for block in (32, 64, 128, 256, 512, 1024) if block <= max(32, power_of_two(size))]
    if operation.endswith("backward"):
        rows = max(16, power_of_two(n))
        blockwise = [
            Configuration(0, block, warps) for block in blocks for warps in (1, 2, 4, 8) if rows * block <= 8192
        ]
        return blockwise + [Configuration(tile, block, 2) for tile in (8, 16, 32) for block in blocks if block <= 256]
    if schedule == "flat":
        return [Configuration(1, block, warps) for block in (128, 256, 512, 1024, 2048) for warps in (1, 2, 4, 8)]
    return [Configuration(tile, block, warps) for tile in (2, 4, 8) for block in blocks for warps in (1, 2, 4)]


def launches(x: Tensor, index: Tensor | None) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    """`forward` in every candidate, with a label such as "flat tile 1, block 128, warps 4"; each call a fresh output.

    x: (B, C, H, W).
    index: (B, k) int64 or None.
    """
    n = x.shape[1] if index is None else index.shape[1]
    shape = (x.shape[0], n * (n - 1) // 2, *x.shape[2:])
    for schedule in ("blocked", "flat"):
        for configuration in candidates("forward", schedule, n, x.shape[2:].numel()):
            label = f"{schedule} tile {configuration.tile}, block {configuration.block}, warps {configuration.warps}"
            yield label, partial(_forward, x, index, shape, schedule, configuration)


def _forward(
    x: Tensor, index: Tensor | None, shape: tuple[int, ...], schedule: str, configuration: Configuration
) -> Tensor:
    y = x.new_empty(shape)
    operations.forward(x, index, y, schedule, configuration)
    return y


def tune(
    x: Tensor, index: Tensor | None, operation: str, schedule: str, norm: str = "softsign"
) -> list[tuple[Configuration, float]]:
    """Every candidate with its median time in seconds over CUDA events, the fastest first.

    x: (B, C, H, W) on a GPU.
    index: (B, k) int64 or None; an expansion without one selects all channels.

    Raises MachineError when x is not on a GPU, UsageError for an unknown operation.
    """
    if operation not in OPERATIONS:
        raise unknown("operation", operation, OPERATIONS, "to tune")
    if not x.is_cuda:
        raise MachineError(f"x is on {x.device}; tuning measures on a CUDA device, and needs x there")
    if index is None and operation.startswith("expand"):
        index = torch.arange(x.shape[1], device=x.device).repeat(x.shape[0], 1)
    n = x.shape[1] if index is None else index.shape[1]
    run = _operation(x, index, operation, schedule, norm)
    listed = candidates(operation, schedule, n, x.shape[2] * x.shape[3])
    timed = [(configuration, _seconds(partial(run, configuration))) for configuration in listed]
    return sorted(timed, key=lambda pair: pair[1])


def _operation(
    x: Tensor, index: Tensor | None, operation: str, schedule: str, norm: str
) -> Callable[[Configuration], object]:
    """The operation on tensors made here, as a function of its configuration."""
    n = x.shape[1] if index is None else index.shape[1]
    pairs = n * (n - 1) // 2
    y = x.new_empty(x.shape[0], pairs, *x.shape[2:])
    if operation == "forward":
        return lambda configuration: operations.forward(x, index, y, schedule, configuration)
    if operation == "backward":
        grad, grad_x = y.normal_(), torch.empty_like(x)
        return lambda configuration: operations.backward(grad, x, index, grad_x, configuration)
    assert index is not None
    wide = torch.float64 if x.dtype == torch.float64 else torch.float32
    alpha, weight = (torch.ones(count, dtype=wide, device=x.device) for count in (1, pairs))
    expanded = torch.cat([x, y], 1)
    if operation == "expand":
        return lambda configuration: operations.expand(
            x, index, alpha, weight, weight, norm, expanded, schedule, configuration
        )
    grad, grad_x = expanded.normal_(), torch.empty_like(x)
    return lambda configuration: operations.expand_backward(
        grad, x, index, alpha, weight, weight, norm, grad_x, configuration
    )


def _seconds(run: Callable[[], object]) -> float:
    """Median over REPEATS of one launch, after two that compile and warm up."""
    run()
    run()
    event: Callable[..., Any] = torch.cuda.Event
    events = [(event(enable_timing=True), event(enable_timing=True)) for _ in range(REPEATS)]
    for start, end in events:
        start.record()
        run()
        end.record()
    torch.cuda.synchronize()
    return float(median(start.elapsed_time(end) for start, end in events)) / 1e3
