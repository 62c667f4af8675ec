"""From tensors to the launches of the Triton kernels, and the matrix product behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import triton

from impls.attention.poly_sa.gpu import programs
from impls.cross_hadamard.gpu.triton_kernels.language import accumulator, launch, operand

if TYPE_CHECKING:
    from torch import Tensor

LEAST = 16
"""Of any side of a matrix product in Triton; narrower ones are padded with zeros."""
ROWS = 32
"""Tokens of a tile. From 64 on, and of four warps, Triton takes `wgmma` on sm_90; up to here it is `mma.sync`, which
the PTX machine executes. With fewer
than eight for each warp, warps hold copies of rows; Triton fuses the product into the first sum, so that a copy differs
in its last bit from what it is a copy of, and which of them is kept is a race (found by the PTX machine, of float64).
"""
MOST_COLUMNS = 128
PROGRAMS = 1024
"""Of a launch about, some eight for each of a large device's multiprocessors: longer sequences have longer pieces."""
TOGETHER, BLOCK = 32, 64
"""Pieces added at a time, and columns of the last weights."""


@dataclass(frozen=True)
class Plan:
    """How `gate_sums` is launched: see there."""

    rows: int
    columns: int
    depth: int
    groups: int
    pieces: int
    tiles: int
    warps: int

    @property
    def programs(self) -> int:
        """Of one sequence."""
        return self.groups * self.pieces


def plan(batch: int, tokens: int, width: int, dtype: torch.dtype) -> Plan:
    """Of at least one token. Without tensor cores, and of float64, tiles are smaller: their products are unrolled."""
    half = dtype.itemsize == 2
    most_depth = 64 if half else LEAST
    most_columns = MOST_COLUMNS if half else LEAST if dtype == torch.float64 else 64
    padded = max(LEAST, triton.next_power_of_2(width))
    columns, depth = min(most_columns, padded), min(most_depth, padded)
    groups, tiles = -(-width // columns), -(-tokens // ROWS)
    each = max(1, batch * groups * tiles // PROGRAMS)
    return Plan(ROWS, columns, depth, groups, -(-tiles // each), each, 8 if columns == MOST_COLUMNS else 4)


def poly_sa(x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor) -> Tensor:
    """(Phi(x w1 * x w2) * x) w3, Phi the mean over tokens. No gradient is tracked.

    x: (batch, tokens, width); w1, w2, w3: (width, width), contiguous, of one floating dtype and device.
    The gate is in float32, of float64 in float64; gated weights are in the dtype of x.
    """
    if not x.shape[1]:
        return torch.empty_like(x)
    return x @ gated_weights(x, w1, w2, w3)


def gated_weights(x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor) -> Tensor:
    """diag(gate) w3 for each sequence: (batch, width, width)."""
    batch, tokens, width = x.shape
    made, wide = plan(batch, tokens, width, x.dtype), accumulator(x.dtype)
    kind = torch.float64 if x.dtype == torch.float64 else torch.float32
    sums = torch.empty(batch, made.pieces, width, dtype=kind, device=x.device)
    sizes = tokens, width, made.pieces
    tile = {
        "whole": width <= made.depth,
        "rows": made.rows,
        "columns": made.columns,
        "depth": made.depth,
        "operand": operand(x.dtype, programs.gate_sums),
        "wide": wide,
        "num_warps": made.warps,
    }
    arguments = (x, w1, w2, sums, *sizes, made.groups, made.tiles)
    launch(programs.gate_sums, (batch * made.programs,), x, arguments, tile)
    out = torch.empty(batch, width, width, dtype=x.dtype, device=x.device)
    groups = -(-width // LEAST)
    fixed = {"rows": LEAST, "together": TOGETHER, "block": BLOCK, "wide": wide, "num_warps": 4}
    launch(programs.gated_weights, (batch * groups,), x, (sums, w3, out, *sizes, groups), fixed)
    return out
