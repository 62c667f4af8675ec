"""Needs an optional library that is not installed here."""

from __future__ import annotations

import cupy_of_the_future  # type: ignore[import-not-found]  # absent on purpose

BACKEND = cupy_of_the_future.BACKEND
