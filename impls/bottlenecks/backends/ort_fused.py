"""ONNX Runtime on the block as one node of our operator library, channels last."""

from __future__ import annotations

from impls.bottlenecks.runtimes import prepare_one_node
from impls.exported.runtime_backend import backend_of

BACKEND = backend_of("fused", prepare_one_node, look=("#44AA99", "H"))
