"""From kernels that want contiguous (B, C, H, W) tensors and an output to write into, to the family's interface.

Written once for all languages of GPU kernels: strides, other ranks, empty sizes, shared memory between x and `out`,
parameters in other dtypes, and the last sum of the parameters' gradients.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import torch

from impls.cross_hadamard.contract import check_index_values
from impls.cross_hadamard.kernels import OURS, Kernels
from impls.cross_hadamard.pairs import channel_count, pair_count
from opbench.errors import UsageError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from impls.cross_hadamard.kernels import Gradients

VECTOR_BYTES = 16
"""What a thread stores at once; a map that is a whole number of these needs no flat pieces."""


class Launcher(Protocol):
    """Kernels of one language, as module-level functions. All tensors are contiguous, not empty, on one device.

    x, grad_x (B, C, H, W); index (B, k) int64; out, grad (B, P, H, W), for the expansion (B, C + P, H, W);
    alpha (1,), weight, bias (P,) in float32, or float64 for float64. n >= 2. Work goes to the current stream.
    """

    def forward(self, x: Tensor, index: Tensor | None, out: Tensor, schedule: str) -> None: ...

    def backward(self, grad: Tensor, x: Tensor, index: Tensor | None, grad_x: Tensor) -> None: ...

    def expand(
        self,
        x: Tensor,
        index: Tensor,
        alpha: Tensor,
        weight: Tensor,
        bias: Tensor,
        norm: str,
        out: Tensor,
        schedule: str,
    ) -> None: ...

    def expand_backward(
        self,
        grad: Tensor,
        x: Tensor,
        index: Tensor,
        alpha: Tensor,
        weight: Tensor,
        bias: Tensor,
        norm: str,
        grad_x: Tensor,
    ) -> Tensor:
        """Returns sums (parts, 3, P): of grad * f(u), of grad, and of grad * weight * f'(u) * pair."""
        ...


def kernels_of(load: Callable[[], Launcher]) -> Kernels:
    """The family over a launcher; `load` is called with the first tensors, so that listing imports no library."""
    dense = _Dense(load)
    return Kernels(dense.forward, dense.backward, dense.expand, dense.expand_backward)


class _Dense:
    def __init__(self, load: Callable[[], Launcher]) -> None:
        self._load = load

    def forward(self, x: Tensor, index: Tensor | None, out: Tensor | None, schedule: str) -> Tensor:
        check_index_values(x, index)
        shape = (x.shape[0], pair_count(channel_count(x, index)), *x.shape[2:])
        direct = out is not None and out.is_contiguous() and not _share_memory(out, x)
        target = out if out is not None and direct else x.new_empty(shape)
        if target.numel():
            pairs, maps = _maps(target), _maps(x.contiguous())
            self._load().forward(maps, _packed(index), pairs, _check_flat(maps, schedule or schedule_for(maps)))
        if out is None:
            return target
        if not direct:
            return out.copy_(target)
        if not out.is_inference():
            torch.autograd.graph.increment_version(out)
        return out

    def backward(self, grad: Tensor, x: Tensor, index: Tensor | None) -> Tensor:
        grad_x = torch.empty_like(x, memory_format=torch.contiguous_format)
        if grad.numel() and x.numel():
            dense = _maps(grad.contiguous()), _maps(x.contiguous()), _packed(index)
            self._load().backward(*dense, _maps(grad_x))
            return grad_x
        return grad_x.zero_()

    def expand(
        self, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, schedule: str
    ) -> Tensor:
        check_index_values(x, index)
        if schedule and schedule not in OURS:
            raise unknown("schedule", schedule, OURS, "of ach_expand (the paper publishes none for the fused form)")
        pairs = pair_count(index.shape[1])
        if not pairs or not x.numel():
            return x.clone(memory_format=torch.contiguous_format) if not pairs else _with_pairs(x, pairs)
        out, maps = _with_pairs(x, pairs), _maps(x.contiguous())
        parameters = _accumulated(x, alpha, weight, bias)
        rows = index.contiguous()
        self._load().expand(
            maps, rows, *parameters, norm, _maps(out), _check_flat(maps, schedule or schedule_for(maps))
        )
        return out

    def expand_backward(
        self, grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str
    ) -> Gradients:
        if index.shape[1] < 2 or not x.numel():
            nothing = torch.zeros_like
            return (
                grad[:, : x.shape[1]].clone(memory_format=torch.contiguous_format),
                nothing(alpha),
                nothing(weight),
                nothing(bias),
            )
        grad_x = torch.empty_like(x, memory_format=torch.contiguous_format)
        maps, rows, wide = _maps(x.contiguous()), index.contiguous(), _accumulated(x, alpha, weight, bias)
        parts = self._load().expand_backward(_maps(grad.contiguous()), maps, rows, *wide, norm, _maps(grad_x))
        sums = parts.sum(0)
        of_alpha = sums[2].sum().reshape(alpha.shape)
        return grad_x, of_alpha.to(alpha.dtype), sums[0].to(weight.dtype), sums[1].to(bias.dtype)


def schedule_for(maps: Tensor) -> str:
    """The rule without a measured table: flat pieces for maps that are no whole number of 16-byte vectors."""
    # Not of 32-byte sectors, by counts alone, as no GPU has timed either: at 2x8x14x14 float32 (16-byte vectors, 24.5
    # sectors) `blocked` writes 4 to 5 % more sectors than `flat`, but `flat` has 1.09, 2.0 and 4.4 times the requests
    # and 1.69, 1.97 and 7.5 times the thread instructions in CUDA, Numba and Triton
    # (results/reference/counts/gpu_sectors.csv).
    pixels = maps.shape[2] * maps.shape[3]
    return "flat" if pixels * maps.element_size() % VECTOR_BYTES and pixels < 1 << 31 else "blocked"


def _check_flat(maps: Tensor, schedule: str) -> str:
    """Flat positions within a map are 32-bit numbers. Raises UsageError for a larger one."""
    if schedule == "flat" and maps.shape[2] * maps.shape[3] >= 1 << 31:
        raise UsageError(
            f"schedule 'flat' takes maps of less than 2^31 elements, got {tuple(maps.shape)}; use 'blocked'"
        )
    return schedule


def _maps(dense: Tensor) -> Tensor:
    """A contiguous (B, C, *spatial) as (B, C, H, W), leading spatial dimensions joined to H."""
    spatial = dense.shape[2:]
    if len(spatial) == 2:
        return dense
    width = spatial[-1] if spatial else 1
    return dense.view(dense.shape[0], dense.shape[1], math.prod(spatial[:-1]), width)


def _packed(index: Tensor | None) -> Tensor | None:
    return None if index is None else index.contiguous()


def _with_pairs(x: Tensor, pairs: int) -> Tensor:
    return x.new_empty(x.shape[0], x.shape[1] + pairs, *x.shape[2:])


def _accumulated(x: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The parameters in the dtype that sums are kept in, as (count,)."""
    wide = torch.float64 if x.dtype == torch.float64 else torch.float32
    a, w, b = (parameter.to(wide).reshape(-1).contiguous() for parameter in (alpha, weight, bias))
    return a, w, b


def _share_memory(tensor: Tensor, other: Tensor) -> bool:
    """By address: two storages may lie over one buffer, as slices of an array imported one by one do."""
    storage, other_storage = tensor.untyped_storage(), other.untyped_storage()
    first, second = storage.data_ptr(), other_storage.data_ptr()
    return first < second + other_storage.nbytes() and second < first + storage.nbytes()
