"""Is the result right? Compared with float64, element by element, so that NaN and zeros are misses.

The output is compared slice by slice: the float64 temporaries of a large output would otherwise need more memory
than the case itself, and most of the time.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from opbench.vocabulary.operator import Tolerance
from opbench.vocabulary.record import Check

if TYPE_CHECKING:
    from torch import Tensor

SLICE = 1 << 18
"""Elements compared at a time: 2 MiB in float64, so that a dozen passes over them stay in the cache."""


def poison(out: Tensor) -> Tensor:
    """Fill with NaN, or the largest integer there is, so that an element nobody wrote is a miss. Returns `out`."""
    if out.is_floating_point() or out.is_complex():
        return out.fill_(math.nan)
    return out.fill_(True if out.dtype is torch.bool else torch.iinfo(out.dtype).max)


def compare(got: Any, want: Tensor, tolerance: Tolerance, dtype: torch.dtype, scale: float | None = None) -> Check:
    """Hold an output against the float64 reference. `scale` is `rms(want)` where that is known already.

    Passes where |got - want| <= atol * rms(want) + rtol * |want| for every element; NaN passes only where the
    reference is NaN, an infinity only against the same one. A wrong type, shape, dtype or device fails too.
    """
    if problem := _shape_problem(got, want, dtype):
        return refused(tolerance, want.numel(), problem)
    given, wanted = got.detach().reshape(-1), want.reshape(-1)
    allowance = tolerance.atol * (rms(wanted) if scale is None else scale) if tolerance.atol else 0.0
    totals = _Totals()
    for start in range(0, wanted.numel(), SLICE):
        part = slice(start, start + SLICE)
        totals.add(given[part].double(), wanted[part], allowance, tolerance.rtol, start)
    return _verdict(tolerance, wanted.numel(), totals.misses, totals.max_abs, totals.max_rel, totals.first(want.shape))


class _Totals:
    """Misses and errors summed up over the slices."""

    def __init__(self) -> None:
        self.misses = 0
        self.max_abs = 0.0
        self.max_rel = 0.0
        self._where: tuple[int, float, float] | None = None

    def add(self, got: Tensor, want: Tensor, allowance: float, rtol: float, start: int) -> None:
        """Few passes where all is well: on a machine that is shared, each one meets with its threads."""
        if torch.equal(got, want) and math.isfinite(float(want.abs().max())):
            return
        size = want.abs()
        error = (got - want).abs_()
        largest, beyond = float(error.max()), float(torch.sub(error, size, alpha=rtol).max())  # NaN where one is
        if beyond <= allowance and math.isfinite(largest) and math.isfinite(float(size.max())):
            self.max_abs = max(self.max_abs, largest)
            self.max_rel = max(self.max_rel, float((error / size).nan_to_num(posinf=0.0).max()))
        else:
            self._add_one_by_one(got, want, error, allowance + rtol * size, start)

    def _add_one_by_one(self, got: Tensor, want: Tensor, error: Tensor, limit: Tensor, start: int) -> None:
        """The same where something is missing, infinite or NaN."""
        alike = (got == want) | (got.isnan() & want.isnan())
        missed = ~((error <= limit) & want.isfinite() | alike)
        finite = error.isfinite()
        if finite.any():
            self.max_abs = max(self.max_abs, float(error[finite].max()))
            relative = error[finite & (want != 0)] / want[finite & (want != 0)].abs()
            self.max_rel = max(self.max_rel, float(relative.max()) if relative.numel() else 0.0)
        count = int(missed.sum())
        if count and self._where is None:
            at = int(missed.to(torch.uint8).argmax())
            self._where = (start + at, float(got[at]), float(want[at]))
        self.misses += count

    def first(self, shape: torch.Size) -> str:
        if self._where is None:
            return ""
        flat, got, want = self._where
        # NumPy's: PyTorch's own imports sympy, 0.4 s in the process that meets it first.
        position = tuple(int(axis) for axis in np.unravel_index(flat, shape))
        return f"first at {position}: got {got:.9g}, expected {want:.9g}"


def _shape_problem(got: Any, want: Tensor, dtype: torch.dtype) -> str:
    if not isinstance(got, torch.Tensor):
        return f"returned {type(got).__name__}, expected a tensor"
    if got.shape != want.shape:
        return f"returned shape {tuple(got.shape)}, expected {tuple(want.shape)}"
    if got.dtype != dtype:
        return f"returned {got.dtype}, expected {dtype}"
    if got.device.type != want.device.type:
        return f"returned a tensor on {got.device}, expected {want.device}"
    return unusual(got)


def unusual(output: Tensor) -> str:
    """Why this tensor is none whose elements all lie in memory and are computed by now, or ""."""
    if type(output) is not torch.Tensor:
        return f"returned a {type(output).__name__}, which may compute when it is read; expected a plain torch.Tensor"
    if output.is_meta:
        return "returned a tensor without values, on device meta"
    if output.layout is not torch.strided:
        return f"returned a tensor laid out as {output.layout}, expected torch.strided"
    if output.is_neg() or output.is_conj() or output._is_zerotensor():  # noqa: SLF001  # there is no public name
        return "returned a tensor whose sign or values are only noted; expected them in memory"
    if overlaps(output):
        return f"returned a view of strides {output.stride()} whose elements share memory; expected them all written"
    return ""


def overlaps(tensor: Tensor) -> bool:
    """Whether elements of it may share memory, as in an expanded view."""
    reach = 0
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size > 1:
            if stride <= reach:
                return tensor.numel() > 0
            reach += stride * (size - 1)
    return False


def rms(want: Tensor) -> float:
    """Root mean square of the finite elements; 0 of none."""
    finite = want[want.isfinite()]
    return float(finite.square().mean().sqrt()) if finite.numel() else 0.0


def refused(tolerance: Tolerance, elements: int, detail: str) -> Check:
    """The Check of an output that is wrong whatever its values are."""
    return _verdict(tolerance, elements, max(1, elements), detail=detail)


def _verdict(
    tolerance: Tolerance,
    elements: int,
    misses: int,
    max_abs: float = math.nan,
    max_rel: float = math.nan,
    detail: str = "",
) -> Check:
    return Check(
        passed=misses == 0,
        elements=elements,
        misses=misses,
        max_abs_error=max_abs,
        max_rel_error=max_rel,
        rtol=tolerance.rtol,
        atol=tolerance.atol,
        detail=detail,
    )
