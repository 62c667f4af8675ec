"""The networks with the Triton kernels inside."""

from __future__ import annotations

from impls.network.inside import backend_inside

BACKEND = backend_inside("triton_jit")
