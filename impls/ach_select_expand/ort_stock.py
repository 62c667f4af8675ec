"""ONNX Runtime on a file of this one operator, which it computes as the file's function of standard nodes."""

from __future__ import annotations

from impls.ach_select_expand.runtimes import prepare_with
from impls.exported.runtime_backend import backend_of

BACKEND = backend_of("stock", prepare_with, look=("#000000", "s"))
