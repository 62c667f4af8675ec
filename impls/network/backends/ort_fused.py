"""ONNX Runtime on the network as one node of our operator library: every layer in one call, channels last."""

from __future__ import annotations

from impls.exported.runtime_backend import backend_of
from impls.network.runtimes import prepare_one_node

BACKEND = backend_of("fused", prepare_one_node, look=("#44AA99", "H"))
