"""Triton kernels of the cross-Hadamard product and of its normalised, concatenated form, forward and backward.

Tensors come in contiguous, not empty, on one device and already checked. They are CUDA tensors, or tensors on the
CPU where the environment variable TRITON_INTERPRET is 1 (set before triton is imported): Triton then interprets the
kernels with NumPy, which shows that they are right and nothing about their speed.
"""

from __future__ import annotations

from impls.cross_hadamard.gpu.triton_kernels.operations import backward, expand, expand_backward, forward

__all__ = ["backward", "expand", "expand_backward", "forward"]
