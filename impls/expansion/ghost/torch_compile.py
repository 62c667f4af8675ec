"""The eager definition through torch.compile, one compiled function per point."""

from __future__ import annotations

from impls.expansion.backends import compiled_backend
from impls.expansion.ghost.operator import eager

BACKEND = compiled_backend(eager)
