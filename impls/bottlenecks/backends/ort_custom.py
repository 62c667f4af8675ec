"""ONNX Runtime on the exported block, with our operator library registered."""

from __future__ import annotations

from impls.bottlenecks.runtimes import prepare_with
from impls.exported.runtime_backend import backend_of

BACKEND = backend_of("custom", prepare_with, look=("#0072B2", "o"))
