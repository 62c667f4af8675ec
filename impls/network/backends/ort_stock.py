"""ONNX Runtime on the exported network, its ACH computed as the file's functions of standard nodes."""

from __future__ import annotations

from impls.exported.runtime_backend import backend_of
from impls.network.runtimes import prepare_with

BACKEND = backend_of("stock", prepare_with, look=("#000000", "s"))
