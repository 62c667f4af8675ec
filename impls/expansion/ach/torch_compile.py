"""The eager definition through torch.compile, one compiled function per point."""

from __future__ import annotations

from impls.expansion.ach.operator import eager
from impls.expansion.backends import compiled_backend

BACKEND = compiled_backend(eager)
