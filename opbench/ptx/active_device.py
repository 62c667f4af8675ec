"""Which device launches go to. Apart from the device itself, whose import costs what a machine costs."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

ACTIVE: ContextVar[Any] = ContextVar("ptx_device", default=None)
"""A `simulated_device.Device`, or None where launches go to a GPU."""
