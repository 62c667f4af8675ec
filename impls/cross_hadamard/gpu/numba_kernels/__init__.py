"""Numba CUDA kernels of the cross-Hadamard product and of its normalised, concatenated form, forward and backward.

Tensors come in contiguous, not empty, on one device and already checked. They are CUDA tensors (compute capability
8.0 or newer, for bfloat16), or tensors on the CPU where the environment variable NUMBA_ENABLE_CUDASIM was 1 when
Numba was imported: its simulator then runs every thread as a Python thread, thousands of times slower.
"""

from __future__ import annotations

from impls.cross_hadamard.gpu.numba_kernels.gradients import backward, expand_backward
from impls.cross_hadamard.gpu.numba_kernels.products import expand, forward

__all__ = ["backward", "expand", "expand_backward", "forward"]
