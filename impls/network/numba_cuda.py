"""The networks with the Numba CUDA kernels inside."""

from __future__ import annotations

from impls.network.inside import backend_inside

BACKEND = backend_inside("numba_cuda")
