"""The C++ kernels as functions of tensors, usable without the harness. None tracks a gradient."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from impls import native
from impls.boxes.threshold import check_threshold
from impls.cross_hadamard import cpp_kernels
from impls.torch_interface.errors import typed
from opbench.caches import known
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Preparing

NAME = "opbench_boxes"
_CSRC = Path(__file__).parent / "csrc"
_SHARED = Path(cpp_kernels.__file__).parent / "csrc"
SOURCES = (*sorted(file for file in _CSRC.iterdir() if file.is_file()), *cpp_kernels.VECTORS)
IN_VARIANTS = (
    *sorted((_CSRC / "variant").iterdir()),
    *sorted((_SHARED / "cpu").rglob("*.h")),
    _SHARED / "variant" / "openmp.h",
)
"""Compiled once for each set of vector instructions; it takes the processor's widest, until told otherwise."""
HALF = False
"""Kernels of float32 and float64: variants that differ in half precision alone would be the same again."""


def unavailable(_: str) -> str | None:
    """Why the library cannot be built here, or None."""
    return native.why_not()


def preparing() -> Preparing:
    """What building it adds to a run."""
    return native.building(NAME, SOURCES, IN_VARIANTS, half=HALF)


@lru_cache(maxsize=1)
def operators() -> Any:
    """`torch.ops.opbench_boxes`, built and loaded if it was not. Raises MachineError where it does not build."""
    return native.load(NAME, SOURCES, IN_VARIANTS, half=HALF)


@lru_cache(maxsize=1)
def _operators() -> tuple[Any, Any, Any]:
    library = operators()
    return library.box_iou.default, library.nms.default, library.box_decode.default


@lru_cache(maxsize=16)
def _stream_from(threads: int) -> int:
    """Bytes of an output in fresh memory from which stores go around the caches."""
    return known(threads).stream_fresh_bytes


def box_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """(n, m): the share of their union that each two have in common, as `box_iou.operator` defines it.

    boxes: (n, 4), others: (m, 4), x1 y1 x2 y2, float32 or float64, on the CPU.
    Raises ValueError and TypeError for other shapes and dtypes, MachineError where there is no compiler.
    """
    try:
        found: Tensor = _operators()[0](boxes, others, _stream_from(torch.get_num_threads()))
    except RuntimeError as exc:
        raise typed(exc) from None
    return found


def nms(boxes: Tensor, scores: Tensor, threshold: float, classes: Tensor | None = None) -> Tensor:
    """Indices (k,) int64 of the boxes that are kept, in order of score, as `nms.operator` defines them.

    boxes: (n, 4), x1 y1 x2 y2, float32 or float64, on the CPU. scores: (n,) of that dtype. threshold: 0 to 1.
    classes: (n,) int64, whatever numbers; boxes of two classes do not suppress each other. None: all are of one.
    Raises UsageError for another threshold, ValueError and TypeError for other shapes and dtypes, MachineError where
    there is no compiler.
    """
    check_threshold(threshold)
    found, count = _suppressed(boxes, scores, threshold, classes)
    return found[:count]


def nms_padded(boxes: Tensor, scores: Tensor, threshold: float, classes: Tensor | None = None) -> Tensor:
    """As `nms`, (n,): -1 behind the indices."""
    check_threshold(threshold)
    return _suppressed(boxes, scores, threshold, classes)[0]


def _suppressed(boxes: Tensor, scores: Tensor, threshold: float, classes: Tensor | None) -> tuple[Tensor, int]:
    try:
        found: tuple[Tensor, int] = _operators()[1](boxes, scores, classes, threshold)
    except RuntimeError as exc:
        raise typed(exc) from None
    return found


def box_decode(offsets: Tensor, anchors: Tensor, clip: int = 0) -> Tensor:
    """(batch, anchors, 4): boxes x1 y1 x2 y2 in pixels, as `box_decode.operator` defines them.

    offsets: (batch, anchors, 4); anchors: (anchors, 4), x1 y1 x2 y2; float32 or float64, on the CPU.
    clip: the image's edge in pixels, to which corners are clipped; 0 clips nothing.
    Raises UsageError for a negative edge, ValueError and TypeError for other shapes and dtypes, MachineError where
    there is no compiler.
    """
    if clip < 0:
        raise UsageError(f"clip is {clip}; expected the image's edge in pixels, or 0 to clip nothing")
    try:
        found: Tensor = _operators()[2](offsets, anchors, clip, _stream_from(torch.get_num_threads()))
    except RuntimeError as exc:
        raise typed(exc) from None
    return found
