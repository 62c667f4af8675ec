"""The networks with PyTorch's own operators only, what the paper calls native: x[:, i] * x[:, j]."""

from __future__ import annotations

from impls.network.inside import backend_inside

BACKEND = backend_inside("torch_eager")
