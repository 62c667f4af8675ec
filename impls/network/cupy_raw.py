"""The networks with the CUDA C++ kernels inside, through CuPy and NVRTC."""

from __future__ import annotations

from impls.network.inside import backend_inside

BACKEND = backend_inside("cupy_raw")
