"""PyTorch's own operators, one kernel each."""

from __future__ import annotations

from impls.expansion.backends import eager_backend
from impls.expansion.ghost.operator import eager

BACKEND = eager_backend(eager)
