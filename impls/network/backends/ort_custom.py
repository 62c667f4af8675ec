"""ONNX Runtime on the exported network, with our operator library registered.

A schedule, `direct` or `balanced`, is one of the paper's: products by it as nodes of their own, standard nodes around.
"""

from __future__ import annotations

from impls.cross_hadamard.kernels import PUBLISHED
from impls.exported.runtime_backend import backend_of
from impls.network.runtimes import prepare_with

BACKEND = backend_of("custom", prepare_with, look=("#0072B2", "o"), schedules=PUBLISHED)
