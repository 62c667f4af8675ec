"""From tensors to launches of the Triton kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import triton

from impls.boxes.gpu import programs
from impls.boxes.order import by_score
from impls.boxes.threshold import rounded_down
from impls.boxes.variances import CENTRE_VARIANCE, LARGEST_EXPONENT, SIDE_VARIANCE
from impls.cross_hadamard.gpu.triton_kernels.language import launch
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

TILE_ROWS, TILE_COLUMNS, WORD, BLOCK, WARPS = 16, 64, 64, 128, 4
"""Pairs of a program of `overlaps`, bits of a word, boxes of a program of `decoded`. None was timed on a device."""

MOST_BOXES = 65_536
"""The one program that goes through them holds a word of each 64 in registers, and their bits are 512 MiB."""


def box_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """(n, m) of (n, 4) and (m, 4); as `box_iou.operator`."""
    count, others_count = len(boxes), len(others)
    out = boxes.new_empty(count, others_count)
    if out.numel():
        columns = -(-others_count // TILE_COLUMNS)
        given = (boxes.contiguous(), others.contiguous(), out, count, others_count, columns)
        tile = {"rows": TILE_ROWS, "columns": TILE_COLUMNS}
        _launch(programs.overlaps, -(-count // TILE_ROWS) * columns, boxes, given, tile)
    return out


def nms(scores: Tensor, boxes: Tensor, classes: Tensor, threshold: float) -> Tensor:
    """(n,): indices that are kept, -1 behind them; as `nms.operator`.

    Raises UsageError for more than MOST_BOXES boxes.
    """
    count = len(boxes)
    if count > MOST_BOXES:
        raise UsageError(f"{count} boxes; the Triton kernels take at most {MOST_BOXES}, take torchvision_nms")
    kept = torch.full((count,), -1, dtype=torch.int64, device=boxes.device)
    if count == 0:
        return kept
    order, words = by_score(scores), -(-count // WORD)
    bits = torch.empty(count, words, dtype=torch.int64, device=boxes.device)
    limit = torch.tensor([rounded_down(threshold, boxes.dtype)], dtype=boxes.dtype, device=boxes.device)
    given = (boxes[order].contiguous(), classes[order], bits, count, words, limit)
    _launch(programs.suppressing, words * words, boxes, given, {"block": WORD})
    wide = {"block": WORD, "wide": triton.next_power_of_2(words)}
    _launch(programs.keeping, 1, boxes, (bits, order, kept, count, words), wide)
    return kept


def box_decode(offsets: Tensor, anchors: Tensor, clip: int = 0) -> Tensor:
    """(batch, anchors, 4) of offsets of that shape and (anchors, 4); as `box_decode.operator`."""
    batch, count = offsets.shape[:2]
    out = torch.empty_like(offsets, memory_format=torch.contiguous_format)
    if out.numel():
        pieces = -(-count // BLOCK)
        fixed = {
            "centre_variance": CENTRE_VARIANCE,
            "side_variance": SIDE_VARIANCE,
            "largest_exponent": LARGEST_EXPONENT,
            "block": BLOCK,
        }
        given = (offsets.contiguous(), anchors.contiguous(), out, count, pieces, clip)
        _launch(programs.decoded, batch * pieces, offsets, given, fixed)
    return out


def _launch(kernel: Any, grid: int, on: Tensor, arguments: tuple[Any, ...], fixed: dict[str, Any]) -> None:
    """Without fused multiply-adds: a rounding less decides otherwise where an overlap is next to the threshold."""
    launch(kernel, (grid,), on, arguments, {**fixed, "num_warps": WARPS, "enable_fp_fusion": False})
