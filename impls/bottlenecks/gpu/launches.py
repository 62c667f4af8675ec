"""From tensors to the launch of a Triton kernel, the library's matrix products before and behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import triton
from torch.nn import functional

from impls.bottlenecks.folded import folded, pairs_norm
from impls.bottlenecks.gpu import programs
from impls.cross_hadamard.gpu.triton_kernels.language import accumulator, launch
from impls.cross_hadamard.steps import strongest

if TYPE_CHECKING:
    from torch import Tensor

    from impls.bottlenecks.definition.geometry import Geometry
    from opbench import Inputs

ROWS, MOST_COLUMNS, WARPS = 16, 64, 4
"""Pixels and channels of a program: eight elements a thread. None was timed on a device."""


@dataclass(frozen=True)
class Filtered:
    """What both kernels take: the depthwise kernel (size * size, E), its bias, the projection (E, c2) and its bias."""

    size: Geometry
    taps: Tensor
    bias: Tensor
    project: Tensor
    project_bias: Tensor

    @classmethod
    def of(cls, inputs: Inputs, size: Geometry) -> Filtered:
        depthwise, bias = folded(inputs, "depthwise")
        project, project_bias = folded(inputs, "project")
        taps = depthwise.flatten(1).t().contiguous()
        return cls(size, taps, bias, project.flatten(1).t().contiguous(), project_bias)

    def launched(self, kernel: Any, narrow: Tensor, given: tuple[Any, ...], fixed: dict[str, Any]) -> Tensor:
        """(batch, out_edge, out_edge, E), written by `kernel` from `narrow` (batch, edge, edge, ...)."""
        size = self.size
        out = narrow.new_empty(size.batch, size.out_edge, size.out_edge, size.expanded)
        if out.numel():
            columns = min(MOST_COLUMNS, triton.next_power_of_2(size.expanded))
            pieces, groups = -(-(size.out_edge**2) // ROWS), -(-size.expanded // columns)
            edges = size.edge, size.edge, size.out_edge, size.out_edge
            window = size.kernel, size.stride, size.before
            tile = {"rows": ROWS, "columns": columns, "wide": accumulator(narrow.dtype), "num_warps": WARPS}
            arguments = (*given[:-1], self.taps, self.bias, out, *given[-1], *edges, *window, pieces, groups)
            launch(kernel, (size.batch * pieces * groups,), narrow, arguments, {**fixed, **tile})
        return out

    def projected(self, filtered: Tensor, x: Tensor) -> Tensor:
        """(batch, c2, out_edge, out_edge), channels last; x (batch, edge, edge, C) added where there is a residual."""
        y = _products(filtered, self.project, self.project_bias)
        if self.size.residual:
            y += x
        return y.permute(0, 3, 1, 2)


class AchBottleneck:
    """x (batch, C, edge, edge) to (batch, c2, out_edge, out_edge), both in whatever layout; no gradient is tracked."""

    def __init__(self, inputs: Inputs, size: Geometry, selected: int) -> None:
        mix, self.mix_bias = folded(inputs, "mix")
        self.mix, self.taps, self.selected = mix.flatten(1).t().contiguous(), inputs["taps"], selected
        self.norm, *self.parameters = pairs_norm(inputs)
        self.filtered = Filtered.of(inputs, size)

    def __call__(self, x: Tensor) -> Tensor:
        narrow = x.permute(0, 2, 3, 1).contiguous()
        mixed = _products(narrow, self.mix, self.mix_bias)
        index = strongest(mixed.permute(0, 3, 1, 2), self.taps, self.selected)
        size = self.filtered.size
        given = (mixed, index, *self.parameters, (size.channels, self.selected, size.expanded))
        made = self.filtered.launched(programs.filtered_pairs, mixed, given, {"norm": self.norm})
        return self.filtered.projected(made, narrow)


class GhostBottleneck:
    """As `AchBottleneck`."""

    def __init__(self, inputs: Inputs, size: Geometry) -> None:
        primary, self.primary_bias = folded(inputs, "primary")
        cheap, self.cheap_bias = folded(inputs, "cheap")
        self.primary, self.cheap = primary.flatten(1).t().contiguous(), cheap.flatten(1).t().contiguous()
        self.filtered = Filtered.of(inputs, size)

    def __call__(self, x: Tensor) -> Tensor:
        narrow = x.permute(0, 2, 3, 1).contiguous()
        first = functional.hardswish(_products(narrow, self.primary, self.primary_bias))
        given = (first, self.cheap, self.cheap_bias, (first.shape[3], self.filtered.size.expanded))
        made = self.filtered.launched(programs.filtered_ghost, first, given, {})
        return self.filtered.projected(made, narrow)


def _products(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x (..., inner) times weight (inner, outer), plus bias (outer,)."""
    return torch.addmm(bias, x.flatten(0, -2), weight).view(*x.shape[:-1], weight.shape[1])
