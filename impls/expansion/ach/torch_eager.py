"""PyTorch's own operators, one kernel each."""

from __future__ import annotations

from impls.expansion.ach.operator import eager
from impls.expansion.backends import eager_backend

BACKEND = eager_backend(eager)
