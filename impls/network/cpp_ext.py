"""The networks with the C++ kernels inside: on the CPU, or as CUDA C++ on a GPU."""

from __future__ import annotations

from impls.network.inside import backend_inside

BACKEND = backend_inside("cpp_ext")
