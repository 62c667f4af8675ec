"""The networks with PyTorch's own operators only, both factors of a pair gathered by index_select."""

from __future__ import annotations

from impls.network.inside import backend_inside

BACKEND = backend_inside("torch_select")
