"""What these tests share: one thread each, because every core runs a process of tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this folder."""
