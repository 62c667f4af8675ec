"""What these tests share: one thread each, because every core runs a process of tests, and libraries that are there."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this folder."""
    for library in ("timm", "torchvision"):
        if find_spec(library) is None:
            pytest.skip(f"{library} is not installed")
