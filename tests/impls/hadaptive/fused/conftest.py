"""Prepared networks whose layers are PyTorch's own operators, unless a test asks for the compiled ones."""

from __future__ import annotations

import pytest

from impls.hadaptive.fused import network

from . import plain_layers


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on layers need no compiler."""
    monkeypatch.setattr(network, "layers", plain_layers)
