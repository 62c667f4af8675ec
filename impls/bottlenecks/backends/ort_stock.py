"""ONNX Runtime on the exported block, ACH's nodes computed as the file's functions of standard nodes."""

from __future__ import annotations

from impls.bottlenecks.runtimes import prepare_with
from impls.exported.runtime_backend import backend_of

BACKEND = backend_of("stock", prepare_with, look=("#000000", "s"))
